"""The parts of a scoring job's shards, put together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from service.contract.blobs import CHUNK_BYTES, SealedBlob
from service.contract.repositories import job_files
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.scoring_parts import GZIP, PARQUET, is_part


def joined_results(
    held: HeldJob, should_stop: Callable[[], bool]
) -> dict[str, tuple[SealedBlob, str]]:
    """The parts of all shards as one file a format, the Parquet file first.

    Raises:
        JobStoppedError: `should_stop` returned true.
    """
    from worker.scoring.splice import splice

    with held.runtime.database.read() as session:
        known = job_files.files_of(session, held.job.id)
    paths = {
        ending: [
            held.runtime.store.check(sha256)
            for name, sha256 in known.items()
            if is_part(name) and name.endswith(ending)
        ]
        for ending in (".parquet", ".tsv.gz")
    }
    results = {}
    for ending, name, media_type in (
        (".parquet", PARQUET_FILE, PARQUET),
        (".tsv.gz", TSV_FILE, GZIP),
    ):
        if not paths[ending]:
            continue
        writer = held.runtime.store.writer(held.scratch)

        def write(chunk: bytes, writer: Any = writer) -> None:  # noqa: ANN401
            if should_stop():
                raise JobStoppedError
            writer.write(chunk)

        if ending == ".parquet":
            splice(paths[ending], write)
        else:
            _append(paths[ending], write)
        results[name] = (writer.seal(), media_type)
    return results


def _append(paths: Sequence[Path], write: Callable[[bytes], None]) -> None:
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                write(chunk)
