"""The spec of a scoring job, for as many designs as there are, and what its report says."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.contract.datasets import DesignColumns
from service.contract.errors import Offender
from service.contract.inference import DEFAULT_LEVEL, ResolvedName, ScoreField
from service.contract.priorities import JobPriority
from service.contract.search import MAX_ORDER, Pool
from service.contract.search_fields import Name

# Of a file, or of all combinations: what a disk holds, and row groups that a footer may number.
MAX_DESIGNS = 1_000_000_000
MAX_SHARD_ROWS = 10_000_000
LISTED_ROWS = 1000
TOP_DESIGNS = 100

# Files of a job by name: what was uploaded, what was made of it, and the results.
SOURCE_FILE, PREPARED_FILE = "source", "prepared.parquet"
PARQUET_FILE, TSV_FILE = "results.parquet", "results.tsv.gz"


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableInput(_Spec):
    """The designs are the rows of the table in the body: TSV, CSV, Parquet or .h5ad.

    `design` says which columns hold them, as in a data set; None takes the first column named
    genotype, design, edits or perturbations. `keep` are columns that stand in the results as they
    are; None keeps all but those of the designs.
    """

    kind: Literal["table"] = "table"
    format: Literal["auto", "tsv", "csv", "parquet"] = "auto"
    design: DesignColumns | None = None
    keep: Annotated[tuple[Name, ...], Field(max_length=10_000)] | None = None


class CombinationsInput(_Spec):
    """The designs are all sets of `min_order` to `max_order` edits of a pool.

    They come by order, and within an order as their edits stand in the pool, which is sorted.
    Designs that hold edits that exclude each other, or a forbidden pair, are none.
    """

    kind: Literal["combinations"] = "combinations"
    pool: Pool = Pool()
    min_order: Annotated[int, Field(ge=0, le=MAX_ORDER)] = 2
    max_order: Annotated[int, Field(ge=0, le=MAX_ORDER)] = 2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_order > self.max_order:
            raise ValueError(f"min_order {self.min_order} is above max_order {self.max_order}")
        if len(self.pool.must_include) > self.max_order:
            raise ValueError(
                f"must_include holds {len(self.pool.must_include)} edits, more than max_order "
                f"{self.max_order}: raise max_order, or include fewer"
            )
        return self


ScoringInput = Annotated[TableInput | CombinationsInput, Field(discriminator="kind")]


class OnBadRows(StrEnum):
    """What a row that is no design of the model does.

    `fail`: all rows are read before any is scored, and the job fails with those that are bad.
    `null`: it stands in the results with nulls, and what is wrong with it in the column `error`.
    """

    FAIL = "fail"
    NULL = "null"


class ResultFormat(StrEnum):
    """The files of results: Parquet always, tab-separated values (gzip) on demand."""

    PARQUET = "parquet"
    TSV = "tsv"


class ScoringSpec(_Spec):
    """What to score. One spec, table and model give the same results, on any number of workers.

    `fields` and `interval_level` are those of a score (`fields` None: all). Rows are scored in
    shards of `shard_rows`, each kept once it is done. The job fails once it has run for
    `time_limit_seconds`; what is done by then is kept, and a resumed job has as long again.
    """

    model_id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)] = "scores"
    input: ScoringInput
    fields: tuple[ScoreField, ...] | None = None
    interval_level: Annotated[float, Field(ge=0.5, le=0.99)] = DEFAULT_LEVEL
    on_bad_rows: OnBadRows = OnBadRows.FAIL
    formats: Annotated[tuple[ResultFormat, ...], Field(min_length=1)] = (ResultFormat.PARQUET,)
    shard_rows: Annotated[int, Field(ge=1000, le=MAX_SHARD_ROWS)] = 250_000
    priority: JobPriority = JobPriority.NORMAL
    time_limit_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class ScoredOrder(_Told):
    """How many of the scored designs have so many edits."""

    order: int
    count: int


class ScoreHistogram(_Told):
    """Bins of one width, side by side: `counts[i]` values lie in [left + i width, ... + width)."""

    left: float
    width: float
    counts: tuple[int, ...]


class TopDesign(_Told):
    """One of the extreme designs; `row` counts the rows of the results from 1."""

    row: int
    genotype: str
    mean: float


class ScoredLabel(_Told):
    """What the means of one label look like, in its unit; None where nothing was scored.

    `highest` and `lowest` are the designs with the most extreme means, the most extreme first;
    equal ones in the order of their rows.
    """

    name: str
    unit: str
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    histogram: ScoreHistogram | None = None
    highest: tuple[TopDesign, ...] = ()
    lowest: tuple[TopDesign, ...] = ()


class ScoringReport(_Told):
    """What was scored, and how fast.

    `row_count` rows stand in the results: `scored_count` with scores, `bad_row_count` with nulls,
    of which `bad_rows` lists the first. `extrapolated_count` have levels, and `higher_order_count`
    more edits, than training saw; None where support was not asked for, or is not known.
    `seconds` and `designs_per_second` are of the last attempt, over all workers that took part, and
    of the designs that it has scored; `prepare_seconds` of them went into reading and checking the
    table. `worker_peak_bytes` is the most memory that a worker held (resident).
    """

    row_count: int
    scored_count: int
    bad_row_count: int = 0
    bad_rows: tuple[Offender, ...] = ()
    orders: tuple[ScoredOrder, ...] = ()
    extrapolated_count: int | None = None
    higher_order_count: int | None = None
    labels: tuple[ScoredLabel, ...] = ()
    columns: tuple[str, ...] = ()
    resolved_names: tuple[ResolvedName, ...] = ()
    seconds: float
    prepare_seconds: float = 0.0
    designs_per_second: float
    worker_count: int
    shard_count: int
    worker_peak_bytes: int
    size_bytes: int
