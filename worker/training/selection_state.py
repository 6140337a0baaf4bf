"""What a selection has done so far, as safetensors bytes: answers of each fold and candidate.

The checkpoint of what is running (a network on a fold, or the chosen model at the end) lies in it
as bytes, so that a run goes on where it stood.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from service.contract.errors import FailedPreconditionError
from worker.training.selection_scores import FoldAnswers

_STATE = "selection"
_INNER = "inner"
FINAL = "final"


@dataclass
class SelectionState:
    """Answers by fold; seconds and failures by candidate; `running` is whose `inner` is."""

    belongs_to: str
    folds: dict[int, FoldAnswers] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    running: str = ""
    inner: bytes | None = None

    def answer(self, fold: int, kind: str, predicted_KY: NDArray[np.float64]) -> None:
        """Keep what a candidate predicts for a fold."""
        known = self.folds[fold]
        predicted = {**known.predicted, kind: predicted_KY}
        self.folds[fold] = FoldAnswers(known.truth_KY, known.group_K, predicted)
        self.running, self.inner = "", None

    def inner_of(self, running: str) -> bytes | None:
        """The checkpoint of what was running, if that is it."""
        return self.inner if self.running == running else None

    def pack_with(self, running: str, inner: bytes) -> bytes:
        """The whole state, and from now on the checkpoint of what is running."""
        self.running, self.inner = running, inner
        return self.pack()

    def pack(self) -> bytes:
        """The whole state."""
        tensors = {}
        for place, fold in self.folds.items():
            tensors[f"{place}.truth"] = torch.from_numpy(fold.truth_KY)
            tensors[f"{place}.group"] = torch.from_numpy(fold.group_K)
            for kind, predicted_KY in fold.predicted.items():
                tensors[f"{place}.predicted.{kind}"] = torch.from_numpy(predicted_KY)
        if self.inner is not None:
            tensors[_INNER] = torch.frombuffer(bytearray(self.inner), dtype=torch.uint8)
        told = {
            "fingerprint": self.belongs_to,
            "seconds": self.seconds,
            "failed": self.failed,
            "running": self.running,
        }
        content = {name: tensor.contiguous() for name, tensor in tensors.items()}
        return save(content, metadata={_STATE: json.dumps(told)})


def unpack(checkpoint: bytes | None, belongs_to: str) -> SelectionState:
    """The state that was packed; an empty one where there is no checkpoint.

    Raises:
        FailedPreconditionError: not a checkpoint of a selection, or one of another spec or data.
    """
    if checkpoint is None:
        return SelectionState(belongs_to)
    try:
        tensors = {name: tensor.numpy() for name, tensor in load(checkpoint).items()}
        size = int.from_bytes(checkpoint[:8], "little")
        told = json.loads(json.loads(checkpoint[8 : 8 + size])["__metadata__"][_STATE])
    except (SafetensorError, KeyError, ValueError) as error:
        raise FailedPreconditionError("the checkpoint cannot be read; start a new job") from error
    if told["fingerprint"] != belongs_to:
        raise FailedPreconditionError(
            "the checkpoint belongs to another spec or data set; start a new job"
        )
    inner = tensors.pop(_INNER, None)
    return SelectionState(
        belongs_to,
        folds=_folds(tensors),
        seconds=told["seconds"],
        failed=told["failed"],
        running=told["running"],
        inner=None if inner is None else inner.tobytes(),
    )


def _folds(tensors: dict[str, NDArray[Any]]) -> dict[int, FoldAnswers]:
    places = sorted({int(name.partition(".")[0]) for name in tensors})
    return {
        place: FoldAnswers(
            truth_KY=tensors[f"{place}.truth"],
            group_K=tensors[f"{place}.group"],
            predicted={
                name.removeprefix(f"{place}.predicted."): value_KY
                for name, value_KY in tensors.items()
                if name.startswith(f"{place}.predicted.")
            },
        )
        for place in places
    }
