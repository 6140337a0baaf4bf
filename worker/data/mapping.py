"""Resolves a DatasetSpec against the header of a file."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError

from service.contract.datasets import (
    CovariateColumn,
    DatasetSpec,
    DesignColumns,
    EditColumns,
    GeneColumns,
    GenotypeColumn,
    LabelColumn,
)
from service.contract.designs import one_spelling
from service.contract.errors import (
    BadTableError,
    InvalidArgumentError,
    InvalidDesignError,
    Offender,
)
from worker.data.parse import CellsDesign, DesignSource, GeneMatrix, cells_design, text_design
from worker.data.presets import PRESETS, PresetMapping, column_key, strains_design

_Column = TypeVar("_Column", LabelColumn, CovariateColumn)
_LISTED_COLUMNS = 30


@dataclass(frozen=True)
class LabelSource:
    """Columns of a label; `only` (column, value) keeps it in some rows alone."""

    name: str
    column: str
    sd_column: str | None = None
    only: tuple[str, str] | None = None


@dataclass(frozen=True)
class TableMapping:
    """Which column of the file becomes what, and the spec that says so in full."""

    spec: DatasetSpec
    design: DesignSource
    labels: tuple[LabelSource, ...]
    build_columns: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Every column that has to be read."""
        spec = self.spec
        names: list[str | None] = [*self.design.columns, *self.build_columns]
        if isinstance(self.design, CellsDesign):
            names.append(self.design.order_column)
        for label in self.labels:
            names += [label.column, label.sd_column, label.only[0] if label.only else None]
        names += [covariate.column for covariate in spec.covariates]
        names += [spec.background_column, spec.group_column]
        names += [spec.replicate_column, spec.control_column]
        return list(dict.fromkeys(name for name in names if name is not None))


def resolve(spec: DatasetSpec, columns: list[str]) -> TableMapping:
    """Find the columns that a spec names.

    Raises:
        BadTableError: columns are missing; each one is listed with those that come close.
    """
    spec = DatasetSpec(**{**dict(spec), "covariates": _named(spec.covariates)})
    mapping = _resolve_preset(spec, columns) if spec.preset else _resolve_columns(spec, columns)
    require_columns(mapping.columns, columns)
    return mapping


def _named(parts: Iterable[_Column]) -> tuple[_Column, ...]:
    """Fill in the columns of labels or covariates that are named like their column."""
    return tuple(part.model_copy(update={"column": part.column or part.name}) for part in parts)


def _resolve_columns(spec: DatasetSpec, columns: list[str]) -> TableMapping:
    labels = _named(spec.labels)
    spec = spec.model_copy(update={"labels": labels})
    return TableMapping(
        spec=spec,
        design=_design_of(spec, columns),
        labels=tuple(
            LabelSource(label.name, label.column or label.name, label.sd_column) for label in labels
        ),
        build_columns=(spec.build_column,) if spec.build_column else (),
    )


def _design_of(spec: DatasetSpec, columns: list[str]) -> DesignSource:
    if spec.design is None:
        raise InvalidArgumentError("the spec has no design")
    return resolve_design(spec.design, columns, taken=_taken(spec))


def resolve_design(
    design: DesignColumns, columns: list[str], *, taken: Collection[str | None] = ()
) -> DesignSource:
    """Where a file holds its designs; columns in `taken` are no loci, whatever they begin with.

    Raises:
        BadTableError: no column begins as those of loci do, or one names a locus in a second way.
    """
    match design:
        case GenotypeColumn():
            return text_design(design)
        case EditColumns():
            return cells_design(design)
        case GeneColumns():
            return _gene_matrix(design, columns, taken)


def _gene_matrix(
    genes: GeneColumns, columns: list[str], taken: Collection[str | None]
) -> GeneMatrix:
    if genes.prefix is None:
        named = {name: name for name in genes.columns}
    else:
        prefix = genes.prefix
        named = {
            name.removeprefix(prefix): name
            for name in columns
            if name.startswith(prefix) and name != prefix and name not in taken
        }
        if not named:
            raise BadTableError(f"no column begins with {prefix!r}; {_list_columns(columns)}")
    _require_one_spelling(named)
    loci = tuple(sorted(named))
    return GeneMatrix(tuple(named[locus] for locus in loci), loci, genes)


def _require_one_spelling(columns: Mapping[str, str]) -> None:
    """Refuse names of loci (with the columns that they come from) that another locus may have."""
    offenders = []
    for locus, column in columns.items():
        try:
            one_spelling(locus)
        except InvalidDesignError as error:
            offenders.append(Offender(message=error.detail, column=column))
    if offenders:
        raise BadTableError(f"column {offenders[0].column}: {offenders[0].message}", offenders[:20])


def _taken(spec: DatasetSpec) -> set[str | None]:
    """Columns that the spec gives another meaning than a locus."""
    taken = {name for label in spec.labels for name in (label.column, label.sd_column)}
    taken |= {covariate.column for covariate in spec.covariates}
    taken |= {spec.background_column, spec.group_column, spec.build_column}
    return taken | {spec.replicate_column, spec.control_column}


def _resolve_preset(spec: DatasetSpec, columns: list[str]) -> TableMapping:
    if spec.preset is None:
        raise InvalidArgumentError("the spec has no preset")
    preset = PRESETS[spec.preset]
    find = _finder(columns, dict(preset.aliases))
    covariates = [
        covariate.model_copy(update={"column": find(covariate.column or "")})
        for covariate in preset.covariates
        if find(covariate.column or "") in columns
    ]
    sources, labels = _preset_labels(preset, find)
    strain_ids = [find(strain) for strain, _ in preset.strains]
    allele_names = [find(name) for _, name in preset.strains]
    strains = tuple(
        (strain, name if name in columns else None)
        for strain, name in zip(strain_ids, allele_names, strict=True)
    )
    expanded = {
        **dict(spec),
        "preset": None,
        # The strain columns became the column `genotype` of the stored table.
        "design": GenotypeColumn(),
        "labels": labels,
        "covariates": (*covariates, *spec.covariates),
    }
    try:
        full = DatasetSpec(**expanded)
    except ValidationError as error:
        raise InvalidArgumentError(error.errors()[0]["msg"]) from None
    return TableMapping(
        spec=full,
        design=strains_design(strains, find(preset.mutant_type) if preset.mutant_type else None),
        labels=sources,
        build_columns=(spec.build_column,) if spec.build_column else tuple(strain_ids),
    )


def _preset_labels(
    preset: PresetMapping, find: Callable[[str], str]
) -> tuple[tuple[LabelSource, ...], tuple[LabelColumn, ...]]:
    sources, labels = [], []
    for item in preset.labels:
        column = find(item.label.column or "")
        sd_column = find(item.label.sd_column) if item.label.sd_column else None
        only = (find(item.only[0]), item.only[1]) if item.only else None
        sources.append(LabelSource(item.label.name, column, sd_column, only))
        labels.append(item.label.model_copy(update={"column": column, "sd_column": sd_column}))
    return tuple(sources), tuple(labels)


def _finder(columns: list[str], aliases: dict[str, str]) -> Callable[[str], str]:
    """A function from a published column name to the file's spelling of it."""
    spelled = {column_key(name): name for name in reversed(columns)}
    for alias, name in aliases.items():
        if column_key(alias) in spelled:
            spelled.setdefault(column_key(name), spelled[column_key(alias)])
    return lambda name: spelled.get(column_key(name), name)


def require_columns(wanted: Sequence[str], columns: list[str]) -> None:
    """Check that a file has the columns that a spec names.

    Raises:
        BadTableError: some are missing; each is listed with those that come close.
    """
    known = set(columns)
    missing = [name for name in wanted if name not in known]
    if not missing:
        return
    folded = {name.casefold(): name for name in columns}
    offenders = [
        Offender(
            message="no such column",
            column=name,
            suggestions=[
                folded[match] for match in get_close_matches(name.casefold(), folded, n=3)
            ],
        )
        for name in missing[:20]
    ]
    close = sorted({name for offender in offenders for name in offender.suggestions})
    meant = f"; did you mean {', '.join(close)}?" if close else ""
    shown = ", ".join(map(repr, missing[:20]))
    raise BadTableError(
        f"the file has no column {shown}{meant}; {_list_columns(columns)}", offenders
    )


def _list_columns(columns: list[str]) -> str:
    more = f" and {len(columns) - _LISTED_COLUMNS} more" if len(columns) > _LISTED_COLUMNS else ""
    return f"it has {', '.join(columns[:_LISTED_COLUMNS])}{more}"
