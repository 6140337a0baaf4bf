"""Gene tables: what their columns mean, what ingest finds in them, and what a training uses.

A gene table holds features and aliases of loci; networks among them are added one by one. All of
it is immutable once READY, so that what a training job used is fixed by its hashes.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(max_length=10_000)]
TableFormat = Literal["auto", "tsv", "csv", "parquet"]

# What other papers measured of the very genes whose designs are predicted: text mining reads
# those papers, a combined score holds it, and IGI is "inferred from genetic interaction".
CHANNELS_OFF_WHEN_HELD_OUT = ("textmining", "textmining_transferred", "combined_score")
EVIDENCE_OFF_WHEN_HELD_OUT = ("IGI",)


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CategoryColumn(_Spec):
    """A column of categories: each becomes a feature ``column=category`` of 1 and 0.

    `separator` parts several in one cell; None takes the cell whole. Categories of fewer than
    `min_locus_count` loci are left out. An empty cell, or one of `missing`, holds none.
    """

    column: Name
    separator: Annotated[str, Field(min_length=1, max_length=5)] | None = None
    min_locus_count: Annotated[int, Field(ge=1, le=1_000_000_000)] = 2
    missing: tuple[str, ...] = ("-", "NA")


class WideFeatures(_Spec):
    """One row a locus, one column a feature.

    `columns` None takes every other column whose cells are all numbers, or all true or false,
    where they are not empty. In a column that is named any other cell is an error.
    """

    layout: Literal["wide"] = "wide"
    columns: Names | None = None
    categories: tuple[CategoryColumn, ...] = ()


class LongFeatures(_Spec):
    """One row an annotation: a locus has a feature, by some evidence.

    Features are 1 where annotated and 0 elsewhere. Those of fewer than `min_locus_count` loci are
    left out. Evidence codes (IMP, IGI, ...) are kept, so that a training can leave some out.
    """

    layout: Literal["long"] = "long"
    feature_column: Name
    evidence_column: Name | None = None
    min_locus_count: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1


Features = Annotated[WideFeatures | LongFeatures, Field(discriminator="layout")]


class GeneTableSpec(_Spec):
    """What the columns of a gene table mean.

    Cells of `alias_columns` are further names of the row's locus, several to a cell if
    `alias_separator` parts them. An alias of several loci is an error, or, with
    `on_ambiguous_aliases` ``keep``, an error only where somebody uses it. `off_when_held_out`
    names features (``emb*`` for all that begin so) that know what was published on a gene, e.g.
    an embedding of a text-mined network: they are off wherever genes are held out.
    """

    format: TableFormat = "auto"
    locus_column: Name = "locus"
    alias_columns: tuple[Name, ...] = ()
    alias_separator: Annotated[str, Field(min_length=1, max_length=5)] | None = None
    on_ambiguous_aliases: Literal["fail", "keep"] = "fail"
    features: Features = WideFeatures()
    off_when_held_out: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        features = self.features
        named = [self.locus_column, *self.alias_columns]
        if isinstance(features, WideFeatures):
            named += [*(features.columns or ()), *(item.column for item in features.categories)]
        else:
            named += [name for name in (features.feature_column, features.evidence_column) if name]
        _require_once(named, "column")
        return self


class NetworkSpec(_Spec):
    """What the columns of an edge list mean; one row an undirected edge.

    `channel_columns` hold scores of at least 0, `score_unit` being 1 (STRING: 1000); None takes
    every other column of numbers, and a list without any gives every edge 1 in the channel
    ``edge``. `name_prefix` is cut off names (STRING: ``4932.``). An edge that comes twice (``b a``
    after ``a b``) keeps its highest score. Names that the table lacks are counted and listed,
    their edges left out. `off_when_held_out` names channels that know what was published, beside
    those known from STRING.
    """

    format: TableFormat = "auto"
    source_column: Name = "a"
    target_column: Name = "b"
    channel_columns: Names | None = None
    score_unit: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    name_prefix: Annotated[str, Field(max_length=50)] = ""
    on_self_edges: Literal["fail", "skip"] = "fail"
    off_when_held_out: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        named = [self.source_column, self.target_column, *(self.channel_columns or ())]
        _require_once(named, "column")
        return self


class FeatureProfile(BaseModel):
    """What ingest found in one feature; `missing_share` is that of the loci, of 1."""

    name: str
    missing_share: float
    min: float | None = None
    mean: float | None = None
    max: float | None = None


class GeneTableProfile(BaseModel):
    """What ingest found. `evidence_counts` are annotations by their evidence code.

    `features` describes the first 1,000, `feature_names` names all. `ambiguous_aliases` lists the
    first 100 with the loci that each may be; `shadowed_alias_count` are aliases that are also the
    systematic name of another locus, which wins.
    """

    row_count: int
    locus_count: int
    alias_count: int
    ambiguous_alias_count: int
    ambiguous_aliases: dict[str, list[str]] = {}
    shadowed_alias_count: int
    feature_count: int
    feature_names: list[str]
    features: list[FeatureProfile]
    left_out_columns: list[str] = []
    rare_feature_count: int = 0
    evidence_counts: dict[str, int] = {}
    off_when_held_out: list[str] = []


class ChannelProfile(BaseModel):
    """What ingest found in one channel: edges with a score above 0, and the scores' range."""

    name: str
    edge_count: int
    min: float
    max: float


class NetworkProfile(BaseModel):
    """What ingest found. Lists of names hold the first 100, their counts all.

    `renamed_count` names are aliases in the table. Isolated loci have no edge.
    """

    row_count: int
    edge_count: int
    channels: list[ChannelProfile]
    matched_name_count: int
    renamed_count: int
    unmatched_name_count: int
    unmatched_names: list[str] = []
    unmatched_row_count: int
    duplicate_count: int
    self_edge_count: int
    isolated_locus_count: int
    off_when_held_out: list[str] = []


class NetworkUse(_Spec):
    """A network that a model reads.

    An edge's score is the greatest among the `channels` used (None: all); edges whose score is 0
    or below `min_score` are left out.
    """

    name: Name
    channels: Annotated[Names, Field(min_length=1)] | None = None
    min_score: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class GenesUse(_Spec):
    """What a training uses of a gene table.

    `features` None takes all; a name that ends in ``*`` takes all that begin so; `use_features`
    False takes none. Annotations by evidence in `evidence_off` do not count. Wherever genes are
    held out, text-mined channels and IGI evidence are off as well.
    """

    gene_table_id: str
    use_features: bool = True
    features: Annotated[Names, Field(min_length=1)] | None = None
    evidence_off: tuple[Name, ...] = ()
    networks: tuple[NetworkUse, ...] = ()

    @model_validator(mode="after")
    def _uses_something(self) -> Self:
        _require_once([network.name for network in self.networks], "network")
        if self.use_features:
            return self
        if self.features is not None:
            raise ValueError("use_features is false: leave features out")
        if not self.networks:
            raise ValueError("use_features is false and no network is named: nothing is used")
        return self


class NetworkUsed(BaseModel):
    """What a model has read of a network; `channels_off` are those that it was not given."""

    name: str
    network_id: str
    network_sha256: str
    channels: list[str]
    channels_off: list[str]
    min_score: float
    edge_count: int


class GenesUsed(BaseModel):
    """What a model has read of a gene table, and how its loci were joined.

    `features_off` and `evidence_off` were wanted, or in the table, and not given to it.
    `renamed_loci` are loci of the data set that are aliases in the table; `unmatched_loci` are
    not in it and have nothing but what was learned of them. `names` holds the other names of
    loci, each with the loci of the model that it may be.
    """

    gene_table_id: str
    table_sha256: str
    are_genes_held_out: bool
    features: list[str]
    features_off: list[str]
    evidence_off: list[str]
    networks: list[NetworkUsed]
    matched_locus_count: int = 0
    renamed_loci: dict[str, str] = {}
    unmatched_loci: list[str] = []
    names: dict[str, list[str]] = {}
    notes: list[str] = []


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern names it: exactly, or by its beginning where the pattern ends in ``*``."""
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in patterns
    )


def _require_once(names: Iterable[str], noun: str) -> None:
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise ValueError(f"the {noun} {', '.join(twice)} is named more than once")
