"""`cellgebra train --local`: a training by the worker package alone, without a service."""

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from service.client.problems import error_from
from service.contract.errors import FailedPreconditionError, InvalidRequestError
from service.contract.exports import EXAMPLE_FILE, MANIFEST_FILE, README_FILE, WEIGHTS_FILE
from service.contract.jobs import JobEvent
from service.contract.local_training import (
    DATASET_ID,
    MODULE,
    LineKind,
    LocalLine,
    LocalOrder,
)
from service.contract.manifests import ModelManifest
from service.contract.resources import Problem

_STOP_SECONDS = 10.0

Tell = Callable[[JobEvent], object]


def train_here(order: LocalOrder, tell: Tell) -> ModelManifest:
    """Train in a process of its own, and write an example and a README beside the model.

    The folder is made, unless it is there and empty; after a failure it is as it was before.

    Raises:
        FailedPreconditionError: the worker is not installed, or its process has died.
        InvalidRequestError: the folder holds something.
        CellgebraError: what the training has ended with.
    """
    if find_spec("torch") is None or find_spec("worker") is None:
        raise FailedPreconditionError(
            "a local training needs the worker: pip install 'cellgebra[worker]'"
        )
    with _kept_if_done(order.folder):
        _run(order, tell)
        return _explain(order.folder)


def _run(order: LocalOrder, tell: Tell) -> None:
    command = [sys.executable, "-m", MODULE]
    # In a group of its own, so that a Ctrl-C reaches it once: by us.
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0
    ) as process:
        try:
            _follow(process, order, tell)
        finally:
            _end(process)
    if process.returncode != 0:
        raise FailedPreconditionError(f"the training has died with status {process.returncode}")


def _follow(process: "subprocess.Popen[str]", order: LocalOrder, tell: Tell) -> None:
    if process.stdin is None or process.stdout is None:
        raise FailedPreconditionError("the worker has no pipes")
    process.stdin.write(order.model_dump_json())
    process.stdin.close()
    for number, text in enumerate(process.stdout, start=1):
        line = LocalLine.model_validate_json(text)
        if line.kind is LineKind.PROBLEM or line.type is None:
            raise error_from(Problem.model_validate(line.data))
        now = datetime.now(UTC)
        tell(JobEvent(sequence=number, type=line.type, create_time=now, data=line.data))
    process.wait()


def _end(process: "subprocess.Popen[str]") -> None:
    """Wait for one that was interrupted, as Popen does for a quarter of a second alone."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        process.wait()


def _explain(folder: Path) -> ModelManifest:
    """What an archive of an exported model has beside weights and manifest."""
    from service.handlers.export_texts import Exported, example_text, readme_text

    manifest = ModelManifest.model_validate_json((folder / MANIFEST_FILE).read_text())
    known = Exported(DATASET_ID, manifest.name, 1, manifest, "a local training writes none")
    (folder / EXAMPLE_FILE).write_text(example_text(known))
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (MANIFEST_FILE, WEIGHTS_FILE, EXAMPLE_FILE)
    }
    (folder / README_FILE).write_text(readme_text(known, hashes))
    return manifest


@contextmanager
def _kept_if_done(folder: Path) -> Iterator[None]:
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InvalidRequestError(f"{folder} holds something: name another folder")
    except OSError as error:
        raise InvalidRequestError(f"{folder} cannot be made: {error.strerror}") from None
    try:
        yield
    except BaseException:
        shutil.rmtree(folder)  # it was empty, or not there
        if not is_new:
            folder.mkdir()
        raise
