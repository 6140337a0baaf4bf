"""Describes a canonical table: designs, labels, noise, vocabulary. Memory is bounded.

Source of the noise figures: pooled sd, sqrt(sum((n - 1) s^2) / sum(n - 1)), over groups of rows
that measure one thing: a build of a design under one condition. Without builds, a design is one.
"""

import math
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import duckdb

from service.contract.datasets import (
    DatasetProfile,
    DatasetSpec,
    LabelColumn,
    LabelProfile,
    Vocabulary,
)
from service.contract.errors import BadTableError, Offender
from worker.data.database import open_database

_LISTED_VALUES = 100
# A column of ids taken for loci makes a vocabulary that nothing can learn from.
_MOST_EDITS = 1_000_000
# Above this count the median is estimated (t-digest): the exact one would need all values at once.
_EXACT_MEDIAN_ROWS = 1_000_000
_DESIGN = "background, genotype"
_ORDER = (
    "CASE WHEN genotype = '' THEN 0 "
    "ELSE length(genotype) - length(replace(genotype, '+', '')) + 1 END"
)
_EDIT_KEY = "split_part(unnest(string_split(genotype, '+')), '@', 1)"


def profile_table(
    path: Path, spec: DatasetSpec, should_stop: Callable[[], bool]
) -> tuple[DatasetProfile, Vocabulary]:
    """Profile and vocabulary of a canonical Parquet table.

    Raises:
        BadTableError: a label has no value at all, a design stands in two groups, or the loci
            are too many to be loci.
        IngestStoppedError: `should_stop` returned true.
    """
    with open_database(path.with_name(path.name + ".spill"), should_stop) as connection:
        table = connection.read_parquet(str(path))
        _check_groups(table, spec)
        table.aggregate(f"{_DESIGN}, count(*) AS row_count", _DESIGN).create("designs")
        designs = connection.table("designs")
        vocabulary = _vocabulary(designs)
        profile = _profile(table, designs, vocabulary, spec)
    return profile, vocabulary


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _check_groups(table: duckdb.DuckDBPyRelation, spec: DatasetSpec) -> None:
    """The reference and controls may stand in every group; another design in one alone."""
    if spec.group_column is None:
        return
    torn = (
        table.filter("genotype <> '' AND NOT is_control")
        .aggregate(
            'genotype, min("group") AS one, max("group") AS other, '
            'arg_max("row", "group") AS at_row',
            _DESIGN,
        )
        .filter("one <> other")
        .order("at_row")
        .limit(20)
        .fetchall()
    )
    if not torn:
        return
    offenders = [
        Offender(
            message=f"design {genotype} is in group {one!r} and in group {other!r}",
            row=row,
            column=spec.group_column,
            value=other,
        )
        for genotype, one, other, row in torn
    ]
    raise BadTableError(
        f"{offenders[0].message}: a design belongs to one group, or a split would tear it apart",
        offenders,
    )


def _vocabulary(designs: duckdb.DuckDBPyRelation) -> Vocabulary:
    keys = (
        designs.filter("genotype <> ''")
        .project(f"{_EDIT_KEY} AS key, row_count")
        .aggregate("key, sum(row_count)::BIGINT AS row_count", "key")
        .limit(_MOST_EDITS + 1)
        .fetchall()
    )
    if len(keys) > _MOST_EDITS:
        raise BadTableError(
            f"more than {_MOST_EDITS:,} different edits: is a locus column a column of ids?"
        )
    keys.sort()
    loci = sorted({unquote(key.split(":")[0]) for key, _ in keys})
    return Vocabulary(
        loci=loci, edits=[key for key, _ in keys], row_counts=[count for _, count in keys]
    )


def _profile(
    table: duckdb.DuckDBPyRelation,
    designs: duckdb.DuckDBPyRelation,
    vocabulary: Vocabulary,
    spec: DatasetSpec,
) -> DatasetProfile:
    orders = (
        designs.aggregate(f"{_ORDER} AS size, sum(row_count)::BIGINT, count(*)", "size")
        .order("size")
        .fetchall()
    )
    (controls,) = table.aggregate("count(*) FILTER (is_control)").fetchall()[0]
    return DatasetProfile(
        row_count=sum(rows for _, rows, _ in orders),
        design_count=sum(count for _, _, count in orders),
        locus_count=len(vocabulary.loci),
        edit_count=len(vocabulary.edits),
        control_row_count=controls,
        rows_per_order={size: rows for size, rows, _ in orders},
        designs_per_order={size: count for size, _, count in orders},
        labels=[_label(table, designs, label, spec) for label in spec.labels],
        covariates={c.name: _value_counts(table, c.name) for c in spec.covariates},
    )


def _value_counts(table: duckdb.DuckDBPyRelation, covariate: str) -> dict[str, int]:
    column = _quoted(f"covariate.{covariate}")
    counts = table.aggregate(f"{column} AS value, count(*) AS row_count", "value")
    most = counts.order("row_count DESC, value").limit(_LISTED_VALUES).fetchall()
    return dict(most)


def _label(
    table: duckdb.DuckDBPyRelation,
    designs: duckdb.DuckDBPyRelation,
    label: LabelColumn,
    spec: DatasetSpec,
) -> LabelProfile:
    column = _quoted(f"label.{label.name}")
    measured = table.filter(f"NOT isnan({column})")
    (row_count,) = table.aggregate("count(*)").fetchall()[0]
    limit = label.detection_limit
    censored = f"count(*) FILTER ({column} < {limit!r})" if limit is not None else "0"
    count, censored_count, least, mean, most, sd = measured.aggregate(
        f"count(*), {censored}, min({column}), avg({column}), max({column}), stddev_samp({column})"
    ).fetchall()[0]
    if count == 0:
        message = f"label {label.name} has no value in any row"
        raise BadTableError(message, [Offender(message=message, column=label.column)])
    within, across = _noise(measured, designs.filter("row_count > 1"), column, spec)
    return LabelProfile(
        name=label.name,
        kind=label.kind,
        scale=label.scale,
        unit=label.unit,
        count=count,
        missing_share=1 - count / row_count,
        censored_count=censored_count,
        min=least,
        median=_median(measured, column, count),
        mean=mean,
        max=most,
        sd=sd,
        sd_within_builds=within,
        sd_across_builds=across,
    )


def _median(measured: duckdb.DuckDBPyRelation, column: str, count: int) -> float | None:
    is_exact = count <= _EXACT_MEDIAN_ROWS
    function = f"median({column})" if is_exact else f"approx_quantile({column}, 0.5)"
    (median,) = measured.aggregate(function).fetchall()[0]
    return None if median is None else float(median)


def _noise(
    measured: duckdb.DuckDBPyRelation,
    repeated: duckdb.DuckDBPyRelation,
    column: str,
    spec: DatasetSpec,
) -> tuple[float | None, float | None]:
    """Pooled sd within builds and across the means of builds, over repeated designs."""
    conditions = [_quoted(f"covariate.{c.name}") for c in spec.covariates if c.role == "condition"]
    design = ", ".join([_DESIGN, *conditions])
    builds = (
        measured.set_alias("rows")
        .join(
            repeated.set_alias("repeated"),
            "rows.background = repeated.background AND rows.genotype = repeated.genotype",
            how="semi",
        )
        .aggregate(
            f"{design}, build, count(*) AS n, avg({column}) AS mean, "
            f"coalesce(var_samp({column}), 0) AS variance",
            f"{design}, build",
        )
    )
    designs = builds.aggregate(
        "sum((n - 1) * variance) AS within_squares, sum(n - 1) AS within_freedom, "
        "var_samp(mean) FILTER (build IS NOT NULL) AS across_variance, "
        "greatest(count(build) - 1, 0) AS across_freedom",
        design,
    )
    ((within, across),) = designs.aggregate(
        "sum(within_squares) / nullif(sum(within_freedom), 0), "
        "sum(across_freedom * across_variance) / nullif(sum(across_freedom), 0)"
    ).fetchall()
    return _root(within), _root(across)


def _root(variance: float | None) -> float | None:
    return None if variance is None else math.sqrt(max(variance, 0.0))
