"""A model as an archive: manifest, weights, ONNX, an example, and what is what."""

import hashlib
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from service.contract.errors import FailedPreconditionError
from service.contract.exports import (
    EXAMPLE_FILE,
    MANIFEST_FILE,
    ONNX_FILE,
    README_FILE,
    WEIGHTS_FILE,
    no_onnx_form,
)
from service.contract.jobs import EXPORT_TASK_NAME
from service.contract.tracing import trace_id
from service.handlers.context import Caller, Context
from service.handlers.export_texts import Exported, example_text, readme_text
from service.handlers.manifests import KnownModel
from service.handlers.zipping import ZipMember, zip_chunks

ONNX_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Archive:
    """An archive that is ready to be sent, and which model it is of."""

    model_id: str
    chunks: Generator[bytes, None, None]


async def export_model(
    context: Context,
    caller: Caller,
    reference: str,
    *,
    with_onnx: bool = True,
    timeout_seconds: float = ONNX_TIMEOUT_SECONDS,
) -> Archive:
    """Everything that a model needs elsewhere; an inference worker writes the ONNX file.

    `reference` calls the model, as in `score`. Where it has no ONNX form the README says why.
    `timeout_seconds` is for the worker.

    Raises:
        NotFoundError: this project has no such model, or alias.
        FailedPreconditionError: the model is stored in another format.
        BrokenArtifactError: what is stored of it is missing, or is not what it was.
        ResourceExhaustedError: too many requests are in flight.
        DeadlineExceededError: no worker has written the ONNX file in time.
        UnavailableError: the broker does not answer.
    """
    model = await context.manifests.get(
        context.database, context.store, context.threads, caller.project_id, reference
    )
    no_onnx = no_onnx_form(model.manifest) if with_onnx else "it was not asked for"
    scratch = f"export-{uuid.uuid4().hex}"
    try:
        if no_onnx is None:
            no_onnx = await _write_onnx(context, model, scratch, timeout_seconds)
        members = await context.threads.run(_open, context, model, scratch, no_onnx)
    finally:
        # What is open stays readable; a worker that comes too late leaves it to the scheduler.
        await context.threads.run(context.store.forget_scratch, scratch)
    return Archive(model.model_id, zip_chunks(members))


async def _write_onnx(
    context: Context, model: KnownModel, scratch: str, timeout_seconds: float
) -> str | None:
    """Have a worker write the file into a scratch folder; the reason where there is none."""
    request = {
        "scratch": scratch,
        "deadline_unix_seconds": time.time() + timeout_seconds,
        "trace_id": trace_id.get(),
    }
    question = {
        "model_id": model.model_id,
        "manifest_sha256": model.manifest_sha256,
        "weights_sha256": model.weights_sha256,
        "requests": [request],
    }
    with context.scores.one():
        (part,) = await context.questions.ask(
            EXPORT_TASK_NAME, question, timeout_seconds=timeout_seconds
        )
    if isinstance(part, FailedPreconditionError):
        return part.detail
    if not isinstance(part, bytes):
        raise part
    return None


def _open(
    context: Context, model: KnownModel, scratch: str, no_onnx: str | None
) -> list[ZipMember]:
    """The files of the archive; those of the store are what was stored."""
    known = Exported(model.model_id, model.name, model.version, model.manifest, no_onnx)
    weights = context.store.check(model.weights_sha256)
    manifest = context.store.read_checked(model.manifest_sha256)
    example = example_text(known).encode()
    sha256_of = {
        MANIFEST_FILE: model.manifest_sha256,
        WEIGHTS_FILE: model.weights_sha256,
        EXAMPLE_FILE: hashlib.sha256(example).hexdigest(),
    }
    members = [_of_bytes(MANIFEST_FILE, manifest), _of_bytes(EXAMPLE_FILE, example)]
    if no_onnx is None:
        onnx = context.store.handed_over(scratch, ONNX_FILE)
        with onnx.open("rb") as file:
            sha256_of[ONNX_FILE] = hashlib.file_digest(file, "sha256").hexdigest()
        members.append(_of_file(ONNX_FILE, onnx))
    members.append(_of_file(WEIGHTS_FILE, weights))
    readme = readme_text(known, sha256_of).encode()
    return [_of_bytes(README_FILE, readme), *members]


def _of_bytes(name: str, content: bytes) -> ZipMember:
    return ZipMember(name, BytesIO(content), len(content))


def _of_file(name: str, path: Path) -> ZipMember:
    file: BinaryIO = path.open("rb")
    return ZipMember(name, file, path.stat().st_size)
