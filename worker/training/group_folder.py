"""The folder through which a group of processes and the task that owns it talk to each other.

The owner writes what is to be trained, and the wish to stop; the first process writes lines of
messages, checkpoints and the model; every process writes how it ended. Files, for a group is
started by torchrun, which hands no pipes on; JSON and safetensors, for no pickle is ever loaded.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.jobs import EventType
from service.contract.manifests import ModelManifest
from service.contract.reports import TrainingReport
from service.contract.training import TrainingSpec
from worker.data.gene_files import GeneFiles


class GroupOrder(BaseModel):
    """What a group is to train, on how many threads each process, and how often it is kept."""

    model_config = ConfigDict(frozen=True)

    spec: TrainingSpec
    table_path: Path
    labels: tuple[LabelColumn, ...]
    covariates: tuple[CovariateColumn, ...]
    dataset_id: str
    dataset_sha256: str
    table_sha256: str
    genes: GeneFiles | None
    earlier_epochs: list[dict[str, Any]]
    notes: list[str]
    thread_count: int
    checkpoint_seconds: float


@dataclass(frozen=True)
class Message:
    """What the first process tells: an event, or the name of a checkpoint."""

    event: tuple[EventType, dict[str, Any]] | None = None
    checkpoint: str | None = None


@dataclass(frozen=True)
class Ending:
    """How a process ended: done or stopped; or by an error of ours, of its own or of another.

    `problem` is that of a `CellgebraError`, `trace` that of any other; `lost` says that another
    process no longer answered.
    """

    problem: dict[str, Any] | None = None
    trace: str | None = None
    is_stopped: bool = False
    is_lost: bool = False


class GroupFolder:
    """The files by what they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = 0
        self._read = 0

    @property
    def log(self) -> Path:
        """What the processes printed."""
        return self.path / "log"

    @classmethod
    def make(cls, path: Path, order: GroupOrder, checkpoint: bytes | None) -> Self:
        """A new folder with an order."""
        path.mkdir()
        (path / "order.json").write_text(order.model_dump_json())
        if checkpoint is not None:
            (path / "checkpoint").write_bytes(checkpoint)
        return cls(path)

    def order(self) -> GroupOrder:
        """What to train."""
        return GroupOrder.model_validate_json((self.path / "order.json").read_bytes())

    def checkpoint(self) -> bytes | None:
        """Where to go on from."""
        path = self.path / "checkpoint"
        return path.read_bytes() if path.exists() else None

    def ask_to_stop(self) -> None:
        """Ask for a checkpoint, and the end."""
        (self.path / "stop").touch()

    def should_stop(self) -> bool:
        """Whether that was asked for."""
        return (self.path / "stop").exists()

    def tell(self, type_: EventType, data: dict[str, Any]) -> None:
        """Send an event."""
        self._say({"event": type_.value, "data": data})

    def save_checkpoint(self, content: bytes) -> None:
        """Send a state."""
        self._told += 1
        name = f"checkpoint-{self._told}"
        (self.path / name).write_bytes(content)
        self._say({"checkpoint": name})  # once it is whole

    def _say(self, message: dict[str, Any]) -> None:
        with (self.path / "messages").open("a") as file:
            file.write(json.dumps(message) + "\n")

    def messages(self) -> Iterator[Message]:
        """What has been told since the last call; a line that is half written waits."""
        try:
            with (self.path / "messages").open("rb") as file:
                file.seek(self._read)
                lines = file.read().splitlines(keepends=True)
        except FileNotFoundError:
            return
        for line in lines:
            if not line.endswith(b"\n"):
                return
            self._read += len(line)
            said = json.loads(line)
            if "checkpoint" in said:
                yield Message(checkpoint=said["checkpoint"])
            else:
                yield Message(event=(EventType(said["event"]), said["data"]))

    def take(self, name: str) -> bytes:
        """The content of a checkpoint, which goes."""
        path = self.path / name
        content = path.read_bytes()
        path.unlink()
        return content

    def finish(self, weights: bytes, manifest: ModelManifest, report: TrainingReport) -> None:
        """Leave the model."""
        (self.path / "weights").write_bytes(weights)
        (self.path / "manifest.json").write_text(manifest.model_dump_json())
        (self.path / "report.json").write_text(report.model_dump_json())

    def model(self) -> tuple[bytes, ModelManifest, TrainingReport]:
        """Weights, manifest and report."""
        manifest = (self.path / "manifest.json").read_bytes()
        report = (self.path / "report.json").read_bytes()
        return (
            (self.path / "weights").read_bytes(),
            ModelManifest.model_validate_json(manifest),
            TrainingReport.model_validate_json(report),
        )

    def end(self, rank: int, ending: Ending) -> None:
        """Say how a process ended."""
        path = self.path / f"end-{rank}.json"
        whole = path.with_suffix(".part")  # it is looked for while it is written
        whole.write_text(json.dumps(vars(ending)))
        whole.replace(path)

    def endings(self) -> list[Ending]:
        """How those ended that could say so, the first process first."""
        paths = sorted(self.path.glob("end-*.json"), key=lambda p: int(p.stem.split("-")[1]))
        return [Ending(**json.loads(path.read_bytes())) for path in paths]
