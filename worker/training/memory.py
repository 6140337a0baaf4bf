"""How much memory a training needs: it grows with the square of the edits of its widest design.

The factors were measured on CPU: one step of 64 designs of 25 edits with a third-order label took
4.5 GB, 2.7 times the pairwise activations of its forward pass.
"""

from collections.abc import Sequence

from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import GeneGraphSpec, LatentModelSpec
from service.contract.training import TrainingSpec

MAX_BYTES = 8 * 2**30
READ_BYTES = 2**28

_FLOAT_BYTES = 4
_KEPT_PER_ACTIVATION = 2.7
_SUPPORT_BYTES_PER_PAIR = 24  # a key, its count and its place while they are sorted


def readings_per_design(order: int, measure_orders: Sequence[int]) -> int:
    """How often the head is read for one design: itself, and its lower orders up to two."""
    highest = max(measure_orders, default=0)
    singles = order if highest >= 2 else 0
    pairs = order * (order - 1) // 2 if highest >= 3 else 0
    return 1 + singles + pairs


def bytes_per_design(model: LatentModelSpec, order: int, measure_orders: Sequence[int]) -> int:
    """Bytes of one design of `order` edits in a training step."""
    layers = model.layers if isinstance(model, GeneGraphSpec) else model.attention_layers
    pairwise = order * order * model.latent_dim * layers
    activations = max(1, pairwise) * readings_per_design(order, measure_orders)
    return int(activations * _FLOAT_BYTES * _KEPT_PER_ACTIVATION)


def rows_to_read(model: LatentModelSpec, order: int, measure_orders: Sequence[int]) -> int:
    """How many designs are read at once."""
    return max(1, READ_BYTES // bytes_per_design(model, order, measure_orders))


def require_memory(
    spec: TrainingSpec, design_count: int, order: int, measure_orders: Sequence[int]
) -> None:
    """Refuse what would exhaust the machine before it does.

    Args:
        spec: what to train.
        design_count: designs of the training part.
        order: edits of the widest of them.
        measure_orders: order of each label's mixed difference, 0 for none.

    Raises:
        FailedPreconditionError: a step, or the table of pairs, needs more than `MAX_BYTES`.
    """
    needed = _SUPPORT_BYTES_PER_PAIR * design_count * order * order
    advice = "leave the widest designs out"
    if isinstance(spec.model, LatentModelSpec):
        rows = min(spec.batch_size, design_count)
        needed = max(needed, rows * bytes_per_design(spec.model, order, measure_orders))
        advice += ", or lower batch_size or latent_dim"
    if needed > MAX_BYTES:
        raise FailedPreconditionError(
            f"the widest training design holds {order} edits: training would need about "
            f"{needed / 2**30:.0f} GiB, and {MAX_BYTES / 2**30:.0f} GiB is the limit; {advice}"
        )
