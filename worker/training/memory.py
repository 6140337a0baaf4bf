"""How much memory a training needs: it grows with the square of the edits of its widest design.

The factors were measured on CPU: one step of 64 designs of 25 edits with a third-order label took
4.5 GB, 2.7 times the pairwise activations of its forward pass. Models of pairs hold several full
matrices of all edits that are measured in pairs: so many bytes for each of their squares. So do the
additive model, which is a null and a start of all others, and kernels of genes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from service.contract.candidates import AutoSpec
from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import GeneGraphSpec, LatentModelSpec, SetTransformerSpec
from service.contract.models import AverageSpec, FittedSpec, GeneKernelSpec
from service.contract.training import TrainingSpec
from worker.data.gene_table import Network

if TYPE_CHECKING:
    from worker.training.preparation import TrainingData

MAX_BYTES = 8 * 2**30
READ_BYTES = 2**28

_FLOAT_BYTES = 4
_KEPT_PER_ACTIVATION = 2.7
_SUPPORT_BYTES_PER_PAIR = 24  # a key, its count and its place while they are sorted
# Peaks of one fit that selects its penalty, traced at 500 edits with 3,000 pairs; at 3,000 edits
# for profile_knn, which goes over its matrix in parts.
_MATRIX_BYTES: Mapping[str, int] = {
    "low_rank": 83,
    "profile_gp": 83,  # 75, but low_rank is what it begins with
    "profile_knn": 14,
    "gene_kernel": 82,
}
# Peaks of the resident memory, at 2,500 edits and 10,000 designs (and the other way round), and at
# 2,000 to 8,000 genes of which 500 to 1,900 are trained on. 40 is LAPACK's eigh with its input.
_EIGEN_BYTES = 40
_CENTRED_BYTES = 28  # of designs times edits, where there are more edits than designs
_KERNEL_BYTES = 28  # of genes times trained genes
_WALK_BYTES = 32  # an entry of a power of a network, and where it lies, twice


@dataclass(frozen=True)
class TrainingSize:
    """What memory depends on: the training designs, and the edits of those that hold two.

    `order` is that of the widest design, `measure_orders` that of each label's mixed difference, 0
    for none. `edit_count` and `observation_count` are those of a ridge regression, `gene_count`
    the genes of the gene table (0 without one) and `trained_gene_count` those of training designs.
    """

    design_count: int
    order: int
    measure_orders: Sequence[int]
    paired_edit_count: int = 0
    edit_count: int = 0
    observation_count: int = 0
    gene_count: int = 0
    trained_gene_count: int = 0

    @classmethod
    def of(cls, data: "TrainingData") -> Self:
        """The size of a training part."""
        designs = data.train.designs
        paired = {edit.key for design in designs if design.order == 2 for edit in design.edits}
        rows: set[int] = set()
        if data.genes is not None:
            loci = {edit.locus for design in designs for edit in design.edits}
            rows = {row for locus, row in data.genes.row_of.items() if locus in loci}
        return cls(
            design_count=len(designs),
            order=max((design.order for design in designs), default=0),
            measure_orders=[label.measure_order for label in data.labels],
            paired_edit_count=len(paired),
            edit_count=len(data.index),
            observation_count=len(data.train),
            gene_count=0 if data.genes is None else len(data.genes.table),
            trained_gene_count=len(rows),
        )


def readings_per_design(order: int, measure_orders: Sequence[int]) -> int:
    """How often the head is read for one design: itself, and its lower orders up to two."""
    highest = max(measure_orders, default=0)
    singles = order if highest >= 2 else 0
    pairs = order * (order - 1) // 2 if highest >= 3 else 0
    return 1 + singles + pairs


def bytes_per_design(
    model: LatentModelSpec, order: int, measure_orders: Sequence[int], gene_count: int = 0
) -> int:
    """Bytes of one design of `order` edits in a step that may attend to `gene_count` genes."""
    layers = model.layers if isinstance(model, GeneGraphSpec) else model.attention_layers
    pairwise = order * order * model.latent_dim * layers
    if isinstance(model, SetTransformerSpec):
        scores = (2 * order + 1) * model.attention_heads
        pairwise += gene_count * (scores + 4 * model.latent_dim) * layers
    activations = max(1, pairwise) * readings_per_design(order, measure_orders)
    return int(activations * _FLOAT_BYTES * _KEPT_PER_ACTIVATION)


def rows_to_read(
    model: LatentModelSpec, order: int, measure_orders: Sequence[int], gene_count: int = 0
) -> int:
    """How many designs are read at once."""
    return max(1, READ_BYTES // bytes_per_design(model, order, measure_orders, gene_count))


def require_memory(spec: TrainingSpec, size: TrainingSize) -> None:
    """Refuse what would exhaust the machine before it does.

    Raises:
        FailedPreconditionError: a step, the table of pairs, the additive model, or the matrices of
            a model of pairs or genes need more than `MAX_BYTES`.
    """
    order = size.order
    needed = _SUPPORT_BYTES_PER_PAIR * size.design_count * order * order
    advice = "leave the widest designs out"
    if isinstance(spec.model, LatentModelSpec):
        rows = min(spec.batch_size, size.design_count)
        step = bytes_per_design(spec.model, order, size.measure_orders, size.edit_count)
        needed = max(needed, rows * step)
        advice += ", or lower batch_size or latent_dim"
    if needed > MAX_BYTES:
        raise _refusal(f"the widest training design holds {order} edits", needed, advice)
    _require_ridge(size)
    if isinstance(spec.model, AutoSpec):
        return  # each candidate is asked on its own
    matrices = _matrix_bytes(spec.model) * size.paired_edit_count**2
    if matrices > MAX_BYTES:
        raise _refusal(
            f"{spec.model.kind} holds full matrices of the {size.paired_edit_count} edits that are "
            "measured in designs of two",
            matrices,
            "train additive, forest or perturbation_set, or fewer edits",
        )
    if isinstance(spec.model, GeneKernelSpec):
        require_kernel_memory(size.gene_count, size.trained_gene_count)


def _require_ridge(size: TrainingSize) -> None:
    """Of the smaller side of the problem; it is fitted whatever is trained."""
    edits, rows = size.edit_count, size.observation_count
    needed = _EIGEN_BYTES * min(edits, rows) ** 2
    needed += _CENTRED_BYTES * edits * rows if edits > rows else 0
    if needed > MAX_BYTES:
        raise _refusal(
            f"{rows:,} observations hold {edits:,} edits, and the additive model, which every "
            "model is measured against, has full matrices of them",
            needed,
            "leave out the edits that few designs hold",
        )


def require_kernel_memory(gene_count: int, trained_count: int) -> None:
    """Refuse kernels of all genes with those of the training part before they are computed.

    Raises:
        FailedPreconditionError: they need more than `MAX_BYTES`.
    """
    needed = _KERNEL_BYTES * gene_count * trained_count + _EIGEN_BYTES * trained_count**2
    if needed > MAX_BYTES:
        raise _refusal(
            f"the kernel of {gene_count:,} genes with {trained_count:,} of the training designs "
            "is a full matrix",
            needed,
            "leave the genes that no design of interest edits out of the gene table, or train a "
            "model that reads no networks (network_dim 0 of perturbation_set)",
        )


def require_walk_memory(networks: Mapping[str, Network], gene_count: int, hops: int) -> None:
    """Refuse walks over networks that would fill a matrix of all genes.

    Raises:
        FailedPreconditionError: they need more than `MAX_BYTES`.
    """
    for name, network in networks.items():
        edge_2M, _ = network.chosen()
        degree_G = np.bincount(edge_2M.ravel(), minlength=gene_count).astype(np.float64)
        longest = float((degree_G**hops).sum())  # a walk of k edges has at most d^k ends
        needed = _WALK_BYTES * int(min(longest, float(gene_count) ** 2))
        if needed > MAX_BYTES:
            raise _refusal(
                f"walks of {hops} edges over network {name} join most of its {gene_count:,} genes",
                needed,
                "lower hops, or take stronger edges alone (min_score, channels)",
            )


def _matrix_bytes(model: FittedSpec) -> int:
    """Bytes for each pair of edits."""
    kinds = model.models if isinstance(model, AverageSpec) else (model.kind,)
    return max(_MATRIX_BYTES.get(kind, 0) for kind in kinds)


def _refusal(what: str, needed: int, advice: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        f"{what}: training would need about {needed / 2**30:.0f} GiB, and "
        f"{MAX_BYTES / 2**30:.0f} GiB is the limit; {advice}"
    )
