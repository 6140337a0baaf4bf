"""All kinds of model behind one call: standardised readings of every member."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import Tensor

from service.contract.candidates import ModelSpec
from service.contract.manifests import ManifestLabel, ModelManifest
from service.contract.models import AdditiveSpec
from service.contract.training import Transform
from worker.models.classical import KINDS, load_model
from worker.models.encoding import DesignBatch
from worker.models.gene_graph_walks import GeneWalks
from worker.models.latent_network import LatentNetwork
from worker.models.networks import new_latent_network
from worker.models.observations import edit_sets
from worker.models.upper_bound import UpperBound

Floats = NDArray[np.float64]

MEASURE_ORDER = {None: 0, "epsilon": 2, "s_score": 2, "tau": 3}
_WALKS = "graph.key_Q"
_SPEC: TypeAdapter[Any] = TypeAdapter(ModelSpec)


class MemberReadings(NamedTuple):
    """Standardised outputs of every member, [M, B, Y] both."""

    compose_MBY: Floats
    intact_MBY: Floats


class Latents(NamedTuple):
    """States of every member: the reference, the perturbed part and the intact strain."""

    z_W_MD: Floats
    z_P_MBD: Floats
    z_I_MBD: Floats


class Ensemble(Protocol):
    """Members of one model."""

    def read(self, batch: DesignBatch) -> MemberReadings:
        """Read designs with every member."""


@runtime_checkable
class LatentEnsemble(Protocol):
    """Members that have a latent space."""

    def latents(self, batch: DesignBatch) -> Latents:
        """States of designs in every member."""

    def composed(self, batch: DesignBatch) -> Floats:
        """y_compose alone [M, B, Y], for less than both readings cost."""

    def read_states(self, z_MSD: Floats) -> Floats:
        """The head at any states, standardised [M, S, Y]; NaN for mixed differences."""


class AdditiveEnsemble:
    """Ridge models; both readings are the same."""

    def __init__(self, tensors: Mapping[str, Tensor], manifest: ModelManifest) -> None:
        self._labels = manifest.labels
        self._intercept_MY = tensors["additive.intercept_MY"].numpy()
        weight_MYE = tensors["additive.weight_MYE"].numpy()
        self._weight_MYE = np.pad(weight_MYE, ((0, 0), (0, 0), (1, 0)))

    def read(self, batch: DesignBatch) -> MemberReadings:
        """Sum of effects, a gather per design."""
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        total_MYB = (self._weight_MYE[:, :, edit_BP] * effect_BP).sum(axis=-1)
        y_MBY = (total_MYB + self._intercept_MY[:, :, None]).transpose(0, 2, 1)
        return _one_reading(y_MBY, batch, self._labels)


def member_prefix(member: int, label: int) -> str:
    """What the names of a fitted model's arrays begin with, in the weights of an ensemble."""
    return f"member.{member}.label.{label}."


class ClassicalEnsemble:
    """Models fitted at once, one a member and label; both readings are the same."""

    def __init__(self, tensors: Mapping[str, Tensor], manifest: ModelManifest) -> None:
        self._labels = manifest.labels
        self._learns_ratios = KINDS[manifest.model_kind].learns_ratios
        self._members = [
            [
                load_model(manifest.model_kind, _under(member_prefix(member, y), tensors))
                for y in range(len(manifest.labels))
            ]
            for member in range(manifest.member_count)
        ]

    def read(self, batch: DesignBatch) -> MemberReadings:
        """Every member and label in turn, in float64."""
        y_MBY = np.zeros((len(self._members), len(batch.edit_BP), len(self._labels)))
        for m, member in enumerate(self._members):
            for y, (label, model) in enumerate(zip(self._labels, member, strict=True)):
                value_B = model.predict(batch)
                y_MBY[m, :, y] = _standardized(label, value_B) if self._learns_ratios else value_B
        return _one_reading(y_MBY, batch, self._labels)


def _one_reading(
    y_MBY: Floats, batch: DesignBatch, labels: Sequence[ManifestLabel]
) -> MemberReadings:
    """Both readings of a model that has one; a mixed difference is 0 below its order."""
    least_Y = np.array([MEASURE_ORDER[label.measure] for label in labels])
    is_defined_BY = edit_sets(batch).orders[:, None] >= least_Y
    read_MBY = np.where(is_defined_BY, y_MBY, 0.0)
    return MemberReadings(read_MBY, read_MBY)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): v.numpy() for k, v in tensors.items() if k.startswith(prefix)}


def _standardized(label: ManifestLabel, value_B: Floats) -> Floats:
    """Values in a label's unit, standardised as those it was learned from."""
    learned_B = np.log(value_B) if label.transform is Transform.LOG else value_B
    return (learned_B - label.center) / label.spread


def network_of(
    tensors: Mapping[str, Tensor], manifest: ModelManifest, member: int
) -> LatentNetwork:
    """A member of an ensemble of networks, as it was trained."""
    prefix = f"member.{member}."
    genes = tensors.get(prefix + "gene_GD")
    net = new_latent_network(
        _SPEC.validate_python(manifest.model_spec),
        edit_count=len(manifest.edits),
        measure_orders=[MEASURE_ORDER[label.measure] for label in manifest.labels],
        generator=torch.Generator(),
        walks=GeneWalks.of(tensors) if _WALKS in tensors else None,
        gene_count=None if genes is None else len(genes),
    )
    net.load_state_dict(
        {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    )
    return net


class NetworkEnsemble:
    """Networks, read in float64: float32 rounding makes ties in a ranking."""

    def __init__(self, tensors: Mapping[str, Tensor], manifest: ModelManifest) -> None:
        orders = [MEASURE_ORDER[label.measure] for label in manifest.labels]
        self._is_difference_Y = np.array(orders) > 0
        self.members: list[LatentNetwork] = []
        for member in range(manifest.member_count):
            net = network_of(tensors, manifest, member).double().eval()
            net.fix()
            self.members.append(net)

    @torch.inference_mode()
    def read(self, batch: DesignBatch) -> MemberReadings:
        """Every member in turn; the states of one are gone before the next is read."""
        size = (len(self.members), len(batch.edit_BP), len(self._is_difference_Y))
        found = MemberReadings(np.empty(size), np.empty(size))
        for m, net in enumerate(self.members):
            found.compose_MBY[m], found.intact_MBY[m] = net.read(batch).numpy()
        return found

    @torch.inference_mode()
    def composed(self, batch: DesignBatch) -> Floats:
        """Every member in turn, without the states of intact strains."""
        return np.stack([net.composed(batch).numpy() for net in self.members])

    @torch.inference_mode()
    def latents(self, batch: DesignBatch) -> Latents:
        """Every member in turn."""
        read = [net(batch) for net in self.members]
        return Latents(
            np.stack([readings.z_W_D.numpy() for readings in read]),
            np.stack([readings.z_P_BD.numpy() for readings in read]),
            np.stack([readings.z_I_BD.numpy() for readings in read]),
        )

    @torch.inference_mode()
    def read_states(self, z_MSD: Floats) -> Floats:
        """Every member at its own states; a state alone has no mixed difference."""
        members = zip(self.members, torch.from_numpy(z_MSD), strict=True)
        y_MSY = np.stack([net.head(z_SD).numpy() for net, z_SD in members])
        y_MSY[:, :, self._is_difference_Y] = np.nan
        return y_MSY


def bound_prefix(label: int) -> str:
    """What the names of a label's upper bound begin with, in the weights of a model."""
    return f"bound.label.{label}."


class BoundedEnsemble:
    """An ensemble whose readings stay at or below what was measured of lower orders."""

    def __init__(self, inner: Ensemble, bounds: Mapping[int, UpperBound]) -> None:
        self.inner = inner
        self.bounds = bounds

    def read(self, batch: DesignBatch) -> MemberReadings:
        """As the ensemble reads them, or the bound, whichever is less."""
        read = self.inner.read(batch)
        for value_MBY in read:
            self.lower(value_MBY, batch)
        return read

    def lower(self, value_MBY: Floats, batch: DesignBatch) -> None:
        """Bring readings of designs down to their bounds, in place."""
        for y, bound in self.bounds.items():
            value_MBY[:, :, y] = np.minimum(value_MBY[:, :, y], bound.predict(batch))


def composed(ensemble: Ensemble, batch: DesignBatch) -> Floats:
    """y_compose of every member, standardised [M, B, Y], in the cheapest way there is."""
    if isinstance(ensemble, BoundedEnsemble):
        value_MBY = composed(ensemble.inner, batch)
        ensemble.lower(value_MBY, batch)
        return value_MBY
    if isinstance(ensemble, LatentEnsemble):
        return ensemble.composed(batch)
    return ensemble.read(batch).compose_MBY


def latent_ensemble(ensemble: Ensemble) -> LatentEnsemble | None:
    """The members with their latent space; None for a model without one."""
    inner = ensemble.inner if isinstance(ensemble, BoundedEnsemble) else ensemble
    return inner if isinstance(inner, LatentEnsemble) else None


def latents_of(ensemble: Ensemble, batch: DesignBatch) -> Latents | None:
    """States of designs in every member; None for a model without a latent space."""
    latent = latent_ensemble(ensemble)
    return None if latent is None else latent.latents(batch)


def load_ensemble(tensors: Mapping[str, Tensor], manifest: ModelManifest) -> Ensemble:
    """The ensemble that a manifest describes."""
    ensemble = _load(tensors, manifest)
    bounds = {
        y: UpperBound.from_arrays(arrays)
        for y in range(len(manifest.labels))
        if (arrays := _under(bound_prefix(y), tensors))
    }
    return BoundedEnsemble(ensemble, bounds) if bounds else ensemble


def _load(tensors: Mapping[str, Tensor], manifest: ModelManifest) -> Ensemble:
    if manifest.model_kind == AdditiveSpec().kind:
        return AdditiveEnsemble(tensors, manifest)
    if manifest.model_kind in KINDS:
        return ClassicalEnsemble(tensors, manifest)
    return NetworkEnsemble(tensors, manifest)
