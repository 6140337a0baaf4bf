"""What one shard of a search has found: small, as bytes, and mergeable in any order."""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.search.best import Best, Front

_TOLD = (
    *("order", "evaluated", "excluded", "pruned", "infeasible", "error_bound", "kernel"),
    *("lost_rivals", "nodes", "bound_left"),
)


@dataclass(frozen=True)
class OrderPart:
    """Designs of one order: how many, the best, the front, and the best of half the ensemble.

    Sets hold the edits beside those of `must_include`. Values of a screen are within `error_bound`
    of those in float64; `kernel` is what computed them. `lost_rivals`: more designs were within
    rounding of its front than could be compared in float64. A branch and bound has made `nodes`;
    none that it did not look at is worth more than `bound_left`, or is among the best if None.
    """

    order: int
    evaluated: int
    excluded: int
    pruned: int
    infeasible: int
    best: Best
    half_best: Best
    front: Front
    error_bound: float = 0.0
    kernel: str | None = None
    lost_rivals: bool = False
    beam_found: tuple[int, int] | None = None
    nodes: int = 0
    bound_left: float | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays, by name."""
        return {
            "value": self.best.value_K,
            "set": self.best.set_KR,
            "half_value": self.half_best.value_K,
            "half_set": self.half_best.set_KR,
            "front_term": self.front.term_Q2,
            "front_set": self.front.set_QR,
        }


@dataclass(frozen=True)
class Part:
    """One shard's result; `plan` is the fingerprint of the plan that it belongs to."""

    plan: str
    shard: int
    orders: tuple[OrderPart, ...]
    seconds: float

    def to_bytes(self) -> bytes:
        """Arrays without pickle, beside a line of JSON."""
        told = {
            "plan": self.plan,
            "shard": self.shard,
            "seconds": self.seconds,
            "orders": [
                {name: getattr(part, name) for name in (*_TOLD, "beam_found")}
                for part in self.orders
            ],
        }
        arrays = {
            f"{i}.{name}": array
            for i, part in enumerate(self.orders)
            for name, array in part.arrays().items()
        }
        head = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, head=head, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Part":
        """The part that some bytes came from."""
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            told = json.loads(file["head"].tobytes())
            orders = [_order_part(i, one, file) for i, one in enumerate(told["orders"])]
        return cls(
            plan=told["plan"],
            shard=told["shard"],
            orders=tuple(orders),
            seconds=told["seconds"],
        )


def _order_part(i: int, told: dict[str, Any], file: Any) -> OrderPart:  # noqa: ANN401  # NpzFile
    prefix = f"{i}."
    names = [name for name in file.files if name.startswith(prefix)]
    arrays = {name.removeprefix(prefix): file[name] for name in names}
    beam = told["beam_found"]
    return OrderPart(
        **{name: told[name] for name in _TOLD},
        best=Best(arrays["value"], arrays["set"]),
        half_best=Best(arrays["half_value"], arrays["half_set"]),
        front=Front(arrays["front_term"], arrays["front_set"]),
        beam_found=None if beam is None else (beam[0], beam[1]),
    )


def kernels_of(parts: Iterable[OrderPart]) -> str | None:
    """The kernels that some parts were computed by, each once: a GPU's is not for small orders."""
    names = {name for part in parts if part.kernel for name in part.kernel.split(", ")}
    return ", ".join(sorted(names)) or None


def merge_orders(parts: Sequence[OrderPart], size: int, most: int, half_most: int) -> OrderPart:
    """One order of all shards."""
    best, half_best, front = Best.none(size), Best.none(size), Front.none(size)
    for part in parts:
        best = best.joined(part.best.value_K, part.best.set_KR, most)
        half_best = half_best.joined(part.half_best.value_K, part.half_best.set_KR, half_most)
        front = front.joined(part.front.term_Q2, part.front.set_QR)
    return OrderPart(
        order=parts[0].order,
        evaluated=sum(part.evaluated for part in parts),
        excluded=sum(part.excluded for part in parts),
        pruned=sum(part.pruned for part in parts),
        infeasible=sum(part.infeasible for part in parts),
        best=best,
        half_best=half_best,
        front=front,
        error_bound=max(part.error_bound for part in parts),
        lost_rivals=any(part.lost_rivals for part in parts),
        kernel=kernels_of(parts),
        beam_found=next((p.beam_found for p in parts if p.beam_found is not None), None),
        nodes=sum(part.nodes for part in parts),
        bound_left=max((p.bound_left for p in parts if p.bound_left is not None), default=None),
    )
