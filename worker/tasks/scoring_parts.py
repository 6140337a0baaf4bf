"""What every worker of a scoring job has: the model, the designs, and the work on a shard."""

import os
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from service.contract.blobs import SealedBlob
from service.contract.errors import CellgebraError
from service.contract.inference import ResolvedName
from service.contract.records import JobRecord
from service.contract.repositories import job_files, models, shards
from service.contract.scoring_jobs import (
    PREPARED_FILE,
    SOURCE_FILE,
    CombinationsInput,
    ResultFormat,
    ScoringReport,
    ScoringSpec,
    TableInput,
)
from worker.tasks.gene_sources import load_features
from worker.tasks.loaded import loaded_models
from worker.tasks.runtime import Runtime
from worker.tasks.shards import ShardOutcome, ShardStoppedError, ShardWatch

if TYPE_CHECKING:
    from worker.scoring.blocks import Source
    from worker.scoring.shard import Scoring
    from worker.scoring.summary import Summary

PARQUET, GZIP = "application/vnd.apache.parquet", "application/gzip"

_NICE = 10
_IMPORTED = (
    "worker.inference.predictor",
    "worker.scoring.combinations",
    "worker.scoring.plan",
    "worker.scoring.preparation",
    "worker.scoring.prepared",
    "worker.scoring.shard",
    "worker.scoring.splice",
)
_PART = re.compile(r"part-(\d+)\.(parquet|tsv\.gz)")
_LISTED_NAMES = 1000


def part_name(number: int, ending: str) -> str:
    """The file of a shard's rows."""
    return f"part-{number:05d}.{ending}"


def is_part(name: str) -> bool:
    """Whether a file of the job is that of a shard."""
    return _PART.fullmatch(name) is not None


def step_back() -> None:
    """Give way to whoever answers at once: a lower priority, and one thread.

    Before any claim, and before it has to wait: what a job imports takes two seconds of processor
    time, on a busy machine longer than a lease, and next to no heartbeat gets through.
    """
    import torch
    from threadpoolctl import threadpool_limits

    for name in _IMPORTED:
        import_module(name)

    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    torch.set_num_threads(1)
    threadpool_limits(1)


class ScoringWork:
    """A scoring job in one worker; called with a shard, it scores it."""

    def __init__(self, runtime: Runtime, job: JobRecord) -> None:
        from worker.scoring.results import ResultTable

        self._runtime = runtime
        self._job = job
        self.spec = ScoringSpec.model_validate(job.spec)
        with runtime.database.read() as session:
            model = models.get_model(session, job.project_id, job.subject_id)
            self._files = job_files.files_of(session, job.id)
            self._known_specs = shards.shard_specs(session, job.id)
        self._predictor = loaded_models().get(model.id, model.manifest_sha256, model.weights_sha256)
        self._table = ResultTable(
            self.spec, self._predictor, model_name=model.name, model_version=model.version
        )
        self._weights_sha256 = model.weights_sha256
        self._source: Source | None = None
        self._locus_of: dict[str, str] = {}
        self._scoring: Scoring | None = None
        if self.has_prepared:
            self.open_prepared(self._files[PREPARED_FILE])
        elif isinstance(self.spec.input, CombinationsInput):
            from worker.scoring.combinations import Combinations

            genes = load_features(runtime, job.project_id, self.spec.input.pool.genes)
            self._open(Combinations(self.spec.input, self._predictor, genes))

    @property
    def has_prepared(self) -> bool:
        """Whether the table has been read and checked."""
        return PREPARED_FILE in self._files

    @property
    def row_count(self) -> int:
        """Rows of the table; of combinations, those that are no designs among them."""
        return 0 if self._source is None else len(self._source)

    def prepare(
        self,
        target: Path,
        *,
        progress: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Read the table that was uploaded, check it, and write what it means to a file.

        Raises:
            BadTableError: it is damaged, or has bad rows.
            UnknownEditsError: it has edits that the model has not.
        """
        from worker.scoring.preparation import prepare_table

        if not isinstance(self.spec.input, TableInput):
            raise CellgebraError("combinations need no table")
        prepare_table(
            self._runtime.store.check(self._files[SOURCE_FILE]),
            self.spec.input,
            self._predictor.manifest,
            target,
            shard_rows=self.spec.shard_rows,
            on_bad_rows=self.spec.on_bad_rows,
            check_kept=self._table.check_kept,
            progress=progress,
            should_stop=should_stop,
        )

    def open_prepared(self, sha256: str) -> None:
        """Go on from the prepared table of this hash."""
        from worker.scoring.prepared import PreparedTable

        self._files[PREPARED_FILE] = sha256
        table = PreparedTable(self._runtime.store.check(sha256))
        self._locus_of = table.found.locus_of
        self._open(table)

    def _open(self, source: "Source") -> None:
        from worker.scoring.shard import Scoring

        self._source = source
        self._scoring = Scoring(self.spec, self._predictor, source, self._table)

    @property
    def is_planned(self) -> bool:
        """Whether an earlier attempt has planned shards."""
        return bool(self._known_specs)

    @property
    def is_planned_anew(self) -> bool:
        """Whether shards are known that are of another plan."""
        return self.is_planned and self._known_specs != self.planned()

    def planned(self) -> list[dict[str, Any]]:
        """What tells the shards from those of another plan; known ones keep their blocks."""
        from worker.scoring.plan import block_rows, fingerprint, shard_specs

        scoring = self._require_scoring()
        plan = fingerprint(self.spec, self._weights_sha256, self._files.get(PREPARED_FILE))
        known = [spec for spec in self._known_specs if spec["plan"] == plan]
        block = known[0]["block_rows"] if known else block_rows(scoring.try_out)
        return shard_specs(self.row_count, self.spec, plan=plan, block=block)

    def __call__(self, watch: ShardWatch) -> ShardOutcome:
        """Score a shard.

        Raises:
            ShardStoppedError: it was asked to stop.
            BadTableError: the prepared table is damaged.
            InvalidDesignError: predictions are no finite numbers, and bad rows are errors.
        """
        from worker.scoring.errors import ScoringStoppedError
        from worker.scoring.part import PartFiles

        folder = self._runtime.store.scratch(watch.scratch)
        has_tsv = ResultFormat.TSV in self.spec.formats
        files = PartFiles(folder / "part.parquet", folder / "part.tsv.gz" if has_tsv else None)
        memory = _Memory()

        def passed(count: int) -> None:
            memory.look()
            watch.passed(count)

        spec = watch.lease.spec
        try:
            summary = self._require_scoring().score(
                spec["begin"],
                spec["end"],
                files,
                block_rows=spec["block_rows"],
                passed=passed,
                should_stop=watch.should_stop,
            )
        except ScoringStoppedError as error:
            raise ShardStoppedError from error
        memory.look()
        summary.peak_bytes = memory.peak_bytes
        return ShardOutcome(summary.to_bytes(), self._sealed(watch, files.parquet, files.tsv))

    def _sealed(
        self, watch: ShardWatch, parquet: Path, tsv: Path | None
    ) -> dict[str, tuple[SealedBlob, str]]:
        folder = self._runtime.store.scratch(watch.scratch)
        sealed = {}
        for path, ending, media_type in ((parquet, "parquet", PARQUET), (tsv, "tsv.gz", GZIP)):
            if path is None:
                continue
            writer = self._runtime.store.writer(folder)
            writer.copy(path)
            path.unlink()
            sealed[part_name(watch.lease.number, ending)] = (writer.seal(), media_type)
        return sealed

    def summary(self, results: Sequence[bytes]) -> "Summary":
        """What the shards have summed up, together."""
        from worker.scoring.summary import Summary

        whole = Summary.of_labels(len(self._predictor.manifest.labels))
        for result in results:
            whole.join(Summary.from_bytes(result))
        return whole

    def report(self, summary: "Summary", **measured: Any) -> ScoringReport:  # noqa: ANN401
        """The report of a job whose results are whole."""
        labels = self._predictor.manifest.labels
        names = list(self._locus_of.items())[:_LISTED_NAMES]
        return ScoringReport(
            row_count=summary.row_count,
            scored_count=summary.scored_count,
            bad_row_count=summary.row_count - summary.scored_count,
            bad_rows=tuple(summary.bad_rows),
            orders=summary.shown_orders(),
            extrapolated_count=summary.extrapolated,
            higher_order_count=summary.higher_order,
            labels=tuple(
                known.shown(label.name, label.unit)
                for known, label in zip(summary.labels, labels, strict=True)
            ),
            columns=tuple(self._require_scoring().schema.names),
            resolved_names=tuple(ResolvedName(name=name, locus=locus) for name, locus in names),
            worker_peak_bytes=summary.peak_bytes,
            **measured,
        )

    def _require_scoring(self) -> "Scoring":
        if self._scoring is None:
            raise CellgebraError("the table has not been prepared")
        return self._scoring


class _Memory:
    """The most memory that this process was seen to hold (resident)."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.peak_bytes = 0

    def look(self) -> None:
        """See how much it is now."""
        self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)
