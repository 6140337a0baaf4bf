"""A training's state as safetensors bytes, never pickle.

Holds the finished members, and of the current one: weights, best weights, learned weights of the
terms, optimiser, the running sums of the epoch, the dropout generator, and where it stands. The
order of the data and the learning rate follow from the seed and the step
(`worker.training.seeds`).
"""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from service.contract.errors import FailedPreconditionError
from service.contract.training import TrainingSpec
from worker.training.fit_task import FitTask
from worker.training.members import MemberFit, MemberProgress

FORMAT = 1
_STATE = "state"
_UNREADABLE = "the checkpoint cannot be read; start a new job"
_MAY_CHANGE = {
    "name",
    "device",
    "priority",
    "report",
    "resources",
    "compile",
    "time_limit_seconds",
}


def fingerprint(spec: TrainingSpec, *table_sha256: str) -> str:
    """What a checkpoint belongs to: a spec and the tables it reads.

    What does not change the training may change; a field that a newer version has, with its
    default, changes nothing.
    """
    wanted = spec.model_dump(mode="json", exclude=_MAY_CHANGE, exclude_defaults=True)
    text = json.dumps({"spec": wanted, "tables": table_sha256}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _optimizer_tensors(fit: MemberFit) -> dict[str, Tensor]:
    state = fit.optimizer.state_dict()["state"]
    return {
        f"optimizer.{place}.{name}": value.cpu()
        for place, values in state.items()
        for name, value in values.items()
    }


def pack(done: list[dict[str, Tensor]], fit: MemberFit, belongs_to: str) -> bytes:
    """State of a training between two steps."""
    tensors = {f"done.{m}.{k}": v.cpu() for m, member in enumerate(done) for k, v in member.items()}
    tensors |= {f"net.{k}": v.cpu() for k, v in fit.net.state_dict().items()}
    tensors |= {f"loss.{k}": v.cpu() for k, v in fit.loss.state_dict().items()}
    tensors |= {f"best.{k}": v.cpu() for k, v in fit.best.items()}
    tensors |= _optimizer_tensors(fit)
    tensors["sums"] = fit.sums.cpu()
    tensors["dropout"] = fit.dropout.get_state()
    state = {"format": FORMAT, "fingerprint": belongs_to, "done": len(done), **asdict(fit.progress)}
    # Infinity (no best value yet) has no JSON form.
    if state["best_value"] == float("inf"):
        state["best_value"] = None
    content = {k: v.contiguous() for k, v in tensors.items()}
    return save(content, metadata={_STATE: json.dumps(state)})


def _read_state(checkpoint: bytes, belongs_to: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        # Copies: what `load` gives are views at any alignment, and kernels round by alignment.
        tensors = {name: tensor.clone() for name, tensor in load(checkpoint).items()}
        size = int.from_bytes(checkpoint[:8], "little")
        state = json.loads(json.loads(checkpoint[8 : 8 + size])["__metadata__"][_STATE])
    except (SafetensorError, KeyError, ValueError) as error:
        raise FailedPreconditionError(_UNREADABLE) from error
    if state.get("format") != FORMAT:
        raise FailedPreconditionError(
            f"the checkpoint has format {state.get('format')}, this version reads {FORMAT}: resume "
            "the job with the version that wrote it, or start a new job"
        )
    if state.get("fingerprint") != belongs_to:
        raise FailedPreconditionError(
            "the checkpoint belongs to another spec or data set; start a new job"
        )
    return state, tensors


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _restore_optimizer(fit: MemberFit, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _part(tensors, "optimizer.").items():
        place, _, key = name.partition(".")
        state.setdefault(int(place), {})[key] = value
    whole = fit.optimizer.state_dict()
    fit.optimizer.load_state_dict({**whole, "state": state})


def unpack(
    checkpoint: bytes, task: FitTask, belongs_to: str
) -> tuple[list[dict[str, Tensor]], MemberFit]:
    """Finished members, and the current one where it stood.

    Raises:
        FailedPreconditionError: not a checkpoint, or one of another format, spec or data set.
    """
    state, tensors = _read_state(checkpoint, belongs_to)
    try:
        return _restored(state, tensors, task)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise FailedPreconditionError(_UNREADABLE) from error


def _restored(
    state: dict[str, Any], tensors: dict[str, Tensor], task: FitTask
) -> tuple[list[dict[str, Tensor]], MemberFit]:
    done = [_part(tensors, f"done.{member}.") for member in range(state["done"])]
    fit = MemberFit(task, state["member"])
    fit.net.load_state_dict(_part(tensors, "net."))
    fit.loss.load_state_dict(_part(tensors, "loss."))
    fit.best = {k: v.to(task.device) for k, v in _part(tensors, "best.").items()}
    _restore_optimizer(fit, tensors)
    fit.sums = tensors["sums"].to(task.device)
    fit.dropout.set_state(tensors["dropout"])
    best = state["best_value"]
    fit.progress = MemberProgress(
        member=state["member"],
        epoch=state["epoch"],
        step=state["step"],
        best_epoch=state["best_epoch"],
        best_value=float("inf") if best is None else best,
        collapsed_looks=state["collapsed_looks"],
    )
    return done, fit
