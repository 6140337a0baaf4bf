"""The two kinds of model behind one call: standardised readings of every member."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import Tensor

from service.contract.manifests import ModelManifest
from service.contract.models import AdditiveSpec, ModelSpec
from worker.models.encoding import DesignBatch
from worker.models.perturbation_set import PerturbationSet

Floats = NDArray[np.float64]

MEASURE_ORDER = {None: 0, "epsilon": 2, "s_score": 2, "tau": 3}
_SPEC: TypeAdapter[Any] = TypeAdapter(ModelSpec)


class MemberReadings(NamedTuple):
    """Standardised outputs of every member, [M, B, Y] both."""

    compose_MBY: Floats
    intact_MBY: Floats


class Ensemble(Protocol):
    """Members of one model."""

    def read(self, batch: DesignBatch) -> MemberReadings:
        """Read designs with every member."""


class AdditiveEnsemble:
    """Ridge models; both readings are the same."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._intercept_MY = tensors["additive.intercept_MY"].numpy()
        weight_MYE = tensors["additive.weight_MYE"].numpy()
        self._weight_MYE = np.pad(weight_MYE, ((0, 0), (0, 0), (1, 0)))

    def read(self, batch: DesignBatch) -> MemberReadings:
        """Sum of effects, a gather per design."""
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        total_MYB = (self._weight_MYE[:, :, edit_BP] * effect_BP).sum(axis=-1)
        y_MBY = (total_MYB + self._intercept_MY[:, :, None]).transpose(0, 2, 1)
        return MemberReadings(y_MBY, y_MBY)


class PerturbationSetEnsemble:
    """Networks, read in float64: float32 rounding makes ties in a ranking."""

    def __init__(self, tensors: Mapping[str, Tensor], manifest: ModelManifest) -> None:
        spec = _SPEC.validate_python(manifest.training_spec["model"])
        orders = [MEASURE_ORDER[label.measure] for label in manifest.labels]
        self._members = []
        for member in range(manifest.member_count):
            prefix = f"member.{member}."
            net = PerturbationSet(
                spec,
                edit_count=len(manifest.edits),
                measure_orders=orders,
                generator=torch.Generator(),
            )
            net.load_state_dict(
                {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            )
            self._members.append(net.double().eval())

    @torch.inference_mode()
    def read(self, batch: DesignBatch) -> MemberReadings:
        """Every member in turn."""
        read = [net(batch) for net in self._members]
        return MemberReadings(
            np.stack([readings.compose_BY.numpy() for readings in read]),
            np.stack([readings.intact_BY.numpy() for readings in read]),
        )


def load_ensemble(tensors: Mapping[str, Tensor], manifest: ModelManifest) -> Ensemble:
    """The ensemble that a manifest describes."""
    if manifest.model_kind == AdditiveSpec().kind:
        return AdditiveEnsemble(tensors)
    return PerturbationSetEnsemble(tensors, manifest)
