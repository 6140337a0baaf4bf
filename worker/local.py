"""`python -m worker.local`: one training without a service.

A `LocalOrder` comes in as JSON on standard input; lines of `LocalLine` go out, and weights,
manifest, report and its page lie in the folder of the order. The same order gives the same weights
as a job of the service on the CPU.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from service.contract.errors import CellgebraError, FailedPreconditionError
from service.contract.exports import MANIFEST_FILE, WEIGHTS_FILE
from service.contract.jobs import EventType, JobState
from service.contract.local_training import (
    DATASET_ID,
    PAGE_FILE,
    REPORT_FILE,
    LineKind,
    LocalLine,
    LocalOrder,
)


def main() -> None:
    """Train; exit status 1 for what the last line tells of, 130 when interrupted."""
    try:
        train(LocalOrder.model_validate_json(sys.stdin.read()))
    except CellgebraError as error:
        _tell(LocalLine(kind=LineKind.PROBLEM, data=error.as_problem()))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def train(order: LocalOrder) -> None:
    """Read the table, train on it, and write the model.

    Raises:
        BadTableError: the table does not hold what its columns say.
        InvalidArgumentError: the spec does not fit the table.
        FailedPreconditionError: the spec asks for what only a service has.
    """
    _require_alone(order)
    from worker.data.ingest import ingest_table
    from worker.training.manifest import TableIdentity
    from worker.training.progress import Attempt
    from worker.training.report_page import render_page
    from worker.training.run import train_model

    emit(EventType.STATE, {"state": JobState.RUNNING})
    with tempfile.TemporaryDirectory(dir=order.folder) as scratch:
        table = Path(scratch) / "table.parquet"
        ingested = ingest_table(
            order.table, order.columns, table, progress=lambda _: None, should_stop=lambda: False
        )
        trained = train_model(
            order.spec,
            table,
            ingested.spec.labels,
            ingested.spec.covariates,
            identity=TableIdentity(DATASET_ID, _sha256(order.table), _sha256(table)),
            attempt=Attempt(emit=emit),
        )
    report = trained.told()
    (order.folder / WEIGHTS_FILE).write_bytes(trained.weights)
    (order.folder / MANIFEST_FILE).write_text(trained.manifest.model_dump_json())
    (order.folder / REPORT_FILE).write_text(report.model_dump_json())
    (order.folder / PAGE_FILE).write_text(render_page(report, trained.manifest), encoding="utf-8")
    emit(EventType.STATE, {"state": JobState.SUCCEEDED})


def emit(kind: EventType, data: dict[str, Any]) -> None:
    """Tell of the training; of the report that it is there."""
    _tell(LocalLine(kind=LineKind.EVENT, type=kind, data=data))


def _tell(line: LocalLine) -> None:
    os.write(sys.stdout.fileno(), f"{line.model_dump_json()}\n".encode())


def _require_alone(order: LocalOrder) -> None:
    if order.spec.genes is not None:
        raise FailedPreconditionError(
            "genes: a gene table is kept by a service: train there, or take `genes` out of the spec"
        )
    if order.spec.process_count > 1:
        raise FailedPreconditionError(
            "resources: a local training is one process: train with a service, or ask for one"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
