"""What all members of an ensemble share, and a member at its start."""

from dataclasses import dataclass

import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from service.contract.latent_models import LatentModelSpec
from service.contract.training import Precision, TrainingSpec
from worker.losses.regression import LabelDetails
from worker.models.encoding import DesignBatch
from worker.models.gene_graph_walks import GeneWalks
from worker.models.latent_network import LatentNetwork
from worker.models.networks import new_latent_network
from worker.training.seeds import generator


@dataclass(frozen=True)
class FitTask:
    """What all members share. Members are trained and stopped by rows of their own."""

    spec: TrainingSpec
    model: LatentModelSpec
    designs: DesignBatch
    effect_KE: csr_matrix
    design_N: Tensor
    label_NY: Tensor
    details: LabelDetails
    batch_NC: Tensor
    batch_counts: tuple[int, ...]
    trained_MN: Tensor
    held_out_MN: Tensor
    column_weights: Tensor
    measure_orders: tuple[int, ...]
    edit_count: int
    feature_EF: Tensor | None
    walks: GeneWalks | None
    device: torch.device

    def autocast(self) -> torch.autocast:
        """In what the layers of a step are computed."""
        is_half = self.spec.precision is Precision.BF16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_half)


def new_network(task: FitTask, member: int) -> LatentNetwork:
    """A member at its start; drawn on the CPU, so that every device starts alike."""
    net = new_latent_network(
        task.model,
        edit_count=task.edit_count,
        measure_orders=task.measure_orders,
        feature_EF=task.feature_EF,
        walks=task.walks,
        generator=generator(torch.device("cpu"), task.spec.seed, member, "start"),
    )
    return net.to(task.device)
