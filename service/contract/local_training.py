"""A training without a service: what is to be done, and the lines by which it tells of itself."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.contract.datasets import DatasetSpec
from service.contract.jobs import EventType
from service.contract.training import TrainingSpec

REPORT_FILE = "report.json"
PAGE_FILE = "report.html"
DATASET_ID = "local"
MODULE = "worker.local"


class LocalOrder(BaseModel):
    """What to train, on which table, and the folder (which is there) that the model goes into."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: TrainingSpec
    columns: DatasetSpec
    table: Path
    folder: Path


class LineKind(StrEnum):
    """What a line is: an event of the training, or the problem that it has ended with."""

    EVENT = "event"
    PROBLEM = "problem"


class LocalLine(BaseModel):
    """One line of standard output; `type` is that of an event."""

    model_config = ConfigDict(frozen=True)

    kind: LineKind
    type: EventType | None = None
    data: dict[str, Any]
