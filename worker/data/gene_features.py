"""Features of loci, as an uploaded gene table gives them: columns, categories or annotations."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from service.contract.errors import BadTableError, Offender
from service.contract.genes import CategoryColumn, GeneTableSpec, LongFeatures, WideFeatures
from worker.data.gene_names import GeneNames
from worker.data.gene_table import Codes, Floats
from worker.data.gene_table_store import MAX_EVIDENCE_CODES, Masks
from worker.data.whole_table import MAX_CELLS, WholeTable, require_none

_MAX_NAME_CHARACTERS = 200


@dataclass(frozen=True)
class GeneFeatures:
    """Features by name: numbers [G, F], or evidence masks [G, F] with the codes of their bits."""

    names: tuple[str, ...]
    value_GF: Floats | None
    mask_GF: Masks | None = None
    evidence: tuple[str, ...] = ()
    evidence_counts: dict[str, int] = field(default_factory=dict)
    left_out_columns: tuple[str, ...] = ()
    rare_count: int = 0


def feature_columns(spec: GeneTableSpec, columns: list[str]) -> list[str]:
    """Columns of the file that features are read from."""
    features = spec.features
    if isinstance(features, LongFeatures):
        return [name for name in (features.feature_column, features.evidence_column) if name]
    categories = [item.column for item in features.categories]
    if features.columns is not None:
        return [*features.columns, *categories]
    taken = {spec.locus_column, *spec.alias_columns}
    return [name for name in columns if name not in taken] + categories


def read_features(table: WholeTable, names: GeneNames, spec: GeneTableSpec) -> GeneFeatures:
    """Read the features of every locus.

    Raises:
        BadTableError: cells that have to be numbers are none, or there are too many features.
    """
    if isinstance(spec.features, LongFeatures):
        found = _long(table, names, spec.features)
    else:
        found = _wide(table, spec, spec.features)
    long = [name for name in found.names if len(name) > _MAX_NAME_CHARACTERS]
    if long:
        raise BadTableError(
            f"a feature's name has more than {_MAX_NAME_CHARACTERS} characters: {long[0][:100]}..."
        )
    return found


def _wide(table: WholeTable, spec: GeneTableSpec, features: WideFeatures) -> GeneFeatures:
    found: dict[str, Floats] = {}
    left_out = []
    taken = {spec.locus_column, *spec.alias_columns, *(c.column for c in features.categories)}
    if features.columns is not None:
        for name in features.columns:
            values = table.numbers_if_all(name)
            found[name] = table.numbers(name) if values is None else values
    else:
        for name in (name for name in table.columns if name not in taken):
            values = table.numbers_if_all(name)
            if values is None:
                left_out.append(name)
            else:
                found[name] = values
    rare = 0
    for item in features.categories:
        frequent, rare_here = _categories(table.names(item.column, item.missing), item)
        found |= {f"{item.column}={category}": value_N for category, value_N in frequent}
        rare += rare_here
    values_FG = list(found.values())
    matrix = np.stack(values_FG, axis=1) if values_FG else np.empty((len(table), 0))
    return GeneFeatures(tuple(found), matrix, left_out_columns=tuple(left_out), rare_count=rare)


def _categories(
    cells: pa.StringArray, item: CategoryColumn
) -> tuple[list[tuple[str, Floats]], int]:
    """Frequent categories as 1 and 0, by name, and how many are rare."""
    rows: dict[str, set[int]] = {}
    for n, cell in enumerate(cells.to_pylist()):
        for category in _parts(cell, item):
            rows.setdefault(category, set()).add(n)
    frequent = sorted(name for name, found in rows.items() if len(found) >= item.min_locus_count)
    _require_size(len(cells), len(frequent))
    columns = []
    for name in frequent:
        value_N = np.zeros(len(cells))
        value_N[list(rows[name])] = 1.0
        columns.append((name, value_N))
    return columns, len(rows) - len(frequent)


def _parts(cell: str | None, item: CategoryColumn) -> Iterator[str]:
    for part in (cell or "").split(item.separator) if item.separator else [cell or ""]:
        if part.strip() and part.strip() not in item.missing:
            yield part.strip()


def _long(table: WholeTable, names: GeneNames, features: LongFeatures) -> GeneFeatures:
    feature_N, found = _codes(table.names(features.feature_column))
    is_given_N = feature_N >= 0
    evidence_N: Codes = np.zeros(len(table), dtype=np.int64)
    evidence: tuple[str, ...] = ("",)
    if features.evidence_column is not None:
        evidence_N, evidence = _codes(table.names(features.evidence_column))
        _require_evidence(table, features.evidence_column, is_given_N & (evidence_N < 0))
    if len(evidence) > MAX_EVIDENCE_CODES:
        raise BadTableError(
            f"column {features.evidence_column} holds {len(evidence)} different values, and there "
            f"are at most {MAX_EVIDENCE_CODES} evidence codes: is it another column?"
        )
    locus_N, feature_N, evidence_N = (
        code_N[is_given_N] for code_N in (names.locus_N, feature_N, evidence_N)
    )
    pairs = np.unique(np.stack([locus_N, feature_N]), axis=1)
    is_frequent_F = np.bincount(pairs[1], minlength=len(found)) >= features.min_locus_count
    _require_size(len(names.loci), int(is_frequent_F.sum()))
    mask_GF = np.zeros((len(names.loci), int(is_frequent_F.sum())), dtype=np.uint64)
    kept_N = is_frequent_F[feature_N]
    place_F = np.cumsum(is_frequent_F) - 1
    bits_N = np.left_shift(np.uint64(1), evidence_N[kept_N].astype(np.uint64))
    np.bitwise_or.at(mask_GF, (locus_N[kept_N], place_F[feature_N[kept_N]]), bits_N)
    kept = tuple(
        name for name, is_frequent in zip(found, is_frequent_F, strict=True) if is_frequent
    )
    rare = len(found) - len(kept)
    if features.evidence_column is None:
        return GeneFeatures(kept, (mask_GF != 0).astype(np.float64), rare_count=rare)
    counts = np.bincount(evidence_N, minlength=len(evidence)).tolist()
    return GeneFeatures(
        kept, None, mask_GF, evidence, dict(zip(evidence, counts, strict=True)), rare_count=rare
    )


def _codes(cells: pa.StringArray) -> tuple[Codes, tuple[str, ...]]:
    """Codes into the sorted distinct texts; -1 is missing."""
    encoded = cells.dictionary_encode()
    values = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    raw_N = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    return rank[raw_N], tuple(values[order])


def _require_evidence(table: WholeTable, column: str, lacks_N: np.ndarray) -> None:
    require_none(
        [
            Offender(message="no evidence code", row=int(table.row_N[n]), column=column, value="")
            for n in np.flatnonzero(lacks_N)[:20]
        ]
    )


def _require_size(loci: int, features: int) -> None:
    if loci * features > MAX_CELLS:
        raise BadTableError(
            f"{features:,} features of {loci:,} loci are more than {MAX_CELLS:,} values: raise "
            "min_locus_count"
        )
