"""What the columns of an uploaded table mean, and what ingest finds in them."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from service.contract.designs import EditKind, EditName, parse_kind

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetState(StrEnum):
    """Life of a data set."""

    INGESTING = "INGESTING"
    READY = "READY"
    FAILED = "FAILED"


class KindValue(_Spec):
    """What one value of a kind column means, e.g. ``DAmP`` = allele with variant DAmP."""

    kind: EditKind
    variant: EditName | None = None

    @field_validator("kind", mode="before")
    @classmethod
    def _alias(cls, value: object) -> object:
        return parse_kind(value) if isinstance(value, str) else value


class EditColumn(_Spec):
    """One edit a row: a column of loci, and what was done to them.

    An empty cell is no edit. `kinds` translates the values of `kind_column`; without it they must
    be kinds themselves. Loci listed in `ignore` (HO-delta, say) are no edits.
    """

    locus_column: Name
    kind: EditKind | None = None
    kind_column: Name | None = None
    kinds: dict[str, KindValue] = {}
    variant_column: Name | None = None
    level_column: Name | None = None
    ignore: tuple[str, ...] = ()

    _alias = field_validator("kind", mode="before")(
        lambda value: parse_kind(value) if isinstance(value, str) else value
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.kind is None) == (self.kind_column is None):
            raise ValueError(f"{self.locus_column}: give either kind or kind_column")
        return self


class EditColumns(_Spec):
    """Designs spread over columns, one edit each."""

    layout: Literal["edits"] = "edits"
    columns: Annotated[tuple[EditColumn, ...], Field(min_length=1)]


class GenotypeColumn(_Spec):
    """Designs as text in one column, edits joined by `separator`.

    With `kind`, the parts are bare locus names (``PP_0368+PP_0751``); without it they are edits
    of the grammar and the separator must be ``+``.
    """

    layout: Literal["genotype"] = "genotype"
    column: Name = "genotype"
    separator: Annotated[str, Field(min_length=1, max_length=3)] = "+"
    kind: EditKind | None = None

    _alias = field_validator("kind", mode="before")(
        lambda value: parse_kind(value) if isinstance(value, str) else value
    )

    @model_validator(mode="after")
    def _plus(self) -> Self:
        if self.kind is None and self.separator != "+":
            raise ValueError(
                "edits of the grammar are joined by '+': leave the separator, or give a kind"
            )
        return self


class GeneColumns(_Spec):
    """One column a locus. `coding` tells a cell's meaning.

    ``presence``: 1 = edited, 0 or empty = not. ``level``: activity; `reference_level` or empty =
    not edited, any other number is the edit's level. Columns are named, or found by `prefix`
    (which is cut off to give the locus).
    """

    layout: Literal["genes"] = "genes"
    columns: tuple[Name, ...] = ()
    prefix: str | None = None
    kind: EditKind
    coding: Literal["presence", "level"] = "presence"
    reference_level: float = 1.0

    _alias = field_validator("kind", mode="before")(
        lambda value: parse_kind(value) if isinstance(value, str) else value
    )

    @model_validator(mode="after")
    def _found(self) -> Self:
        if bool(self.columns) == (self.prefix is not None):
            raise ValueError("give either columns or prefix")
        return self


DesignColumns = Annotated[GenotypeColumn | EditColumns | GeneColumns, Field(discriminator="layout")]


class LabelKind(StrEnum):
    """What a label measures; it fixes the neutral model."""

    FITNESS = "fitness"
    INTERACTION = "interaction"
    TITER = "titer"
    RATE = "rate"
    YIELD = "yield"
    VIABILITY = "viability"


class LabelColumn(_Spec):
    """A measured column to learn. Empty cells and ``NaN`` are missing; infinity is an error.

    Values below `detection_limit` are kept as measured and counted as censored.
    """

    name: Name
    column: Name | None = None
    kind: LabelKind
    measure: Literal["epsilon", "tau", "s_score"] | None = None
    scale: Literal["linear", "log"] = "linear"
    unit: Annotated[str, Field(min_length=1, max_length=50)]
    detection_limit: Annotated[float, Field(allow_inf_nan=False)] | None = None
    sd_column: Name | None = None

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if (self.kind is LabelKind.INTERACTION) != (self.measure is not None):
            raise ValueError(
                f"label {self.name}: measure (epsilon, tau or s_score) belongs to kind "
                "interaction, and an interaction needs it"
            )
        return self


class CovariateColumn(_Spec):
    """A column that is neither design nor label.

    `condition` is needed at scoring; `batch` (plate, cycle) is marginalised and never asked of
    the future. What is known only `after_build` is refused as an input to scoring.
    """

    name: Name
    column: Name | None = None
    role: Literal["condition", "batch"]
    known_at: Literal["design", "after_build"] = "design"


class Preset(StrEnum):
    """Mappings of published tables."""

    COSTANZO2016 = "costanzo2016"
    KUZMIN2018 = "kuzmin2018"


class DatasetSpec(_Spec):
    """The mapping of a table. Either a preset, or `design` and at least one label."""

    format: Literal["auto", "tsv", "csv", "parquet"] = "auto"
    preset: Preset | None = None
    design: DesignColumns | None = None
    labels: tuple[LabelColumn, ...] = ()
    covariates: tuple[CovariateColumn, ...] = ()
    background_column: Name | None = None
    group_column: Name | None = None
    build_column: Name | None = None
    replicate_column: Name | None = None
    control_column: Name | None = None
    on_bad_rows: Literal["fail", "skip"] = "fail"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.preset is not None:
            if self.design is not None or self.labels:
                raise ValueError("a preset brings its own design and labels: leave them out")
        elif self.design is None or not self.labels:
            raise ValueError("give design and at least one label, or a preset")
        names = [label.name for label in self.labels] + [c.name for c in self.covariates]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name {', '.join(twice)} is given more than once")
        return self


class LabelProfile(BaseModel):
    """What ingest found in one label, in its unit.

    `sd_within_builds` is the pooled sd of replicates of one build (clone) of one design,
    `sd_across_builds` that of build means of one design; None where nothing is repeated.
    """

    name: str
    kind: LabelKind
    scale: str
    unit: str
    count: int
    missing_share: float
    censored_count: int
    min: float | None = None
    median: float | None = None
    mean: float | None = None
    max: float | None = None
    sd: float | None = None
    sd_within_builds: float | None = None
    sd_across_builds: float | None = None


class SkippedRow(BaseModel):
    """A row left out because `on_bad_rows` is ``skip``."""

    row: int
    column: str | None = None
    message: str


class DatasetProfile(BaseModel):
    """What ingest found. `skipped_rows` lists the first 1,000; `skipped_row_count` counts all."""

    row_count: int
    design_count: int
    locus_count: int
    edit_count: int
    control_row_count: int
    rows_per_order: dict[int, int]
    designs_per_order: dict[int, int]
    labels: list[LabelProfile]
    covariates: dict[str, dict[str, int]]
    skipped_row_count: int = 0
    skipped_rows: list[SkippedRow] = []


class Vocabulary(BaseModel):
    """Loci and edits of a table, sorted, with how many rows hold each edit."""

    loci: list[str]
    edits: list[str]
    row_counts: list[int]
