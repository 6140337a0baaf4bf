"""Networks with a latent space, by the kind of their spec."""

from collections.abc import Sequence

import torch
from torch import Tensor

from service.contract.latent_models import GeneGraphSpec, LatentModelSpec, SetTransformerSpec
from worker.models.gene_graph_walks import GeneWalks
from worker.models.latent_network import LatentNetwork
from worker.models.perturbation_set import PerturbationSet
from worker.models.set_transformer import SetTransformer


def new_latent_network(
    spec: LatentModelSpec,
    *,
    edit_count: int,
    measure_orders: Sequence[int],
    generator: torch.Generator,
    feature_EF: Tensor | None = None,
    walks: GeneWalks | None = None,
    gene_count: int | None = None,
) -> LatentNetwork:
    """A network at its start.

    `walks` are for one that reads gene networks, `gene_count` for one that reads all genes: how
    many it was trained with, where that is not `edit_count`.

    Raises:
        ValueError: it reads gene networks and there are no walks.
    """
    if isinstance(spec, SetTransformerSpec):
        return SetTransformer(
            spec,
            edit_count=edit_count,
            measure_orders=measure_orders,
            generator=generator,
            feature_EF=feature_EF,
            gene_count=gene_count,
        )
    if not isinstance(spec, GeneGraphSpec):
        return PerturbationSet(
            spec,
            edit_count=edit_count,
            measure_orders=measure_orders,
            generator=generator,
            feature_EF=feature_EF,
        )
    if walks is None:
        raise ValueError("gene_graph needs the walks of a gene network")
    # Only where it is used: importing torch_geometric takes longer than importing torch.
    from worker.models.gene_graph import GeneGraph

    return GeneGraph(
        spec,
        edit_count=edit_count,
        measure_orders=measure_orders,
        generator=generator,
        feature_EF=feature_EF,
        walks=walks,
    )
