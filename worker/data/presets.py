"""Mappings of published tables whose strain names need more than a column mapping.

Source: Costanzo et al., Science 2016, doi:10.1126/science.aaf1420 (SGA_NxN.txt and the like);
Kuzmin et al., Science 2018, doi:10.1126/science.aao1729 (aao1729_Data_S1.tsv; the tables of
Kuzmin 2020 have the same form).
"""

import re
from dataclasses import dataclass
from typing import Literal

from service.contract.datasets import CovariateColumn, LabelColumn, LabelKind, Preset
from service.contract.designs import Edit, EditKind, one_spelling
from worker.data.parse import BadCellError, Cell, CellGroup, CellsDesign

# HO is deleted in digenic query strains only to give them the markers of trigenic ones.
HO_LOCUS = "YDL227C"
_UNIT = "relative fitness"
_STRAIN = re.compile(r"(?P<loci>[^_]+)_(?P<suffix>[A-Za-z]\w*)")
_DELETED = re.compile(r".*(\u0394|\u2206|delta)")
_DELETION_SUFFIX = re.compile(r"(sn|dma)\d*")


@dataclass(frozen=True)
class PresetLabel:
    """A label of a preset; `only` keeps it where a column holds one value."""

    label: LabelColumn
    only: tuple[str, str] | None = None


@dataclass(frozen=True)
class PresetMapping:
    """What a preset stands for. Columns are named as published, up to a parenthesis."""

    strains: tuple[tuple[str, str], ...]
    labels: tuple[PresetLabel, ...]
    covariates: tuple[CovariateColumn, ...] = ()
    mutant_type: str | None = None
    aliases: tuple[tuple[str, str], ...] = ()


def _interaction(name: str, column: str, measure: Literal["epsilon", "tau"]) -> LabelColumn:
    return LabelColumn(
        name=name,
        column=column,
        kind=LabelKind.INTERACTION,
        measure=measure,
        unit=_UNIT,
    )


def _fitness(column: str) -> LabelColumn:
    return LabelColumn(
        name="fitness",
        column=column,
        kind=LabelKind.FITNESS,
        unit=_UNIT,
        sd_column=f"{column} standard deviation",
    )


_COSTANZO_2016 = PresetMapping(
    strains=(
        ("Query Strain ID", "Query allele name"),
        ("Array Strain ID", "Array allele name"),
    ),
    labels=(
        PresetLabel(_interaction("epsilon", "Genetic interaction score", "epsilon")),
        PresetLabel(_fitness("Double mutant fitness")),
    ),
    covariates=(
        CovariateColumn(name="array_temperature", column="Arraytype/Temp", role="condition"),
    ),
)
_TYPE = "Combined mutant type"
_SCORE = "Adjusted genetic interaction score"
_KUZMIN_2018 = PresetMapping(
    strains=(
        ("Query strain ID", "Query allele name"),
        ("Array strain ID", "Array allele name"),
    ),
    labels=(
        PresetLabel(_interaction("epsilon", _SCORE, "epsilon"), (_TYPE, "digenic")),
        PresetLabel(_interaction("tau", _SCORE, "tau"), (_TYPE, "trigenic")),
        PresetLabel(_fitness("Combined mutant fitness")),
    ),
    mutant_type=_TYPE,
    aliases=(
        ("Double/triple mutant fitness", "Combined mutant fitness"),
        (
            "Double/triple mutant fitness standard deviation",
            "Combined mutant fitness standard deviation",
        ),
    ),
)
PRESETS = {Preset.COSTANZO2016: _COSTANZO_2016, Preset.KUZMIN2018: _KUZMIN_2018}


def column_key(name: str) -> str:
    """What two spellings of a published column name share: no case, no '(...)', single spaces."""
    return " ".join(name.split("(")[0].casefold().split())


def read_strain(strain: Cell, alleles: Cell, column: str) -> list[Edit]:
    """Edits of one strain, e.g. ``YAL015C+YDL227C_tm461`` with alleles ``ntg1D+hoD``.

    HO-delta is no edit. An allele name that ends in a delta is a deletion; without one the strain's
    suffix decides: ``sn`` and ``dma`` are deletions; ``ts...``, ``damp`` and any other are alleles,
    named by the allele name or, where there is none, by the suffix.

    Raises:
        BadCellError: the strain id has another form.
    """
    match = _STRAIN.fullmatch(strain or "")
    if match is None:
        raise BadCellError(
            "not a strain id like YAL015C_sn1 or YAL015C+YDL227C_tm2", column, strain
        )
    loci = match["loci"].split("+")
    names: list[str | None] = list((alleles or "").split("+")) if alleles else [None] * len(loci)
    if len(names) != len(loci):
        message = f"{len(loci)} loci but the allele name {alleles!r}"
        raise BadCellError(message, column, strain)
    return [
        _strain_edit(locus, name, match["suffix"], column)
        for locus, name in zip(loci, names, strict=True)
        if locus != HO_LOCUS
    ]


def _strain_edit(locus: str, allele: str | None, suffix: str, column: str) -> Edit:
    is_deleted = _DELETED.fullmatch(allele or "") or _DELETION_SUFFIX.fullmatch(suffix)
    if is_deleted:
        return Edit(locus=locus, kind=EditKind.DELETION)
    if allele is None and suffix.startswith("tm"):
        # A strain of two mutants: only the allele names tell which is a deletion.
        raise BadCellError("needs an allele name", column, f"{locus}_{suffix}")
    unnamed = "damp" if suffix.startswith("damp") else suffix
    return Edit(locus=locus, kind=EditKind.ALLELE, variant=one_spelling(allele or unnamed))


def strains_design(
    strains: tuple[tuple[str, str | None], ...], mutant_type: str | None
) -> CellsDesign:
    """Designs as crosses of strains (columns of strain ids and of allele names).

    `mutant_type` is the column that must agree with the number of edits.
    """
    groups = tuple(_strain_group(strain, alleles) for strain, alleles in strains)
    return CellsDesign(groups, mutant_type, (("digenic", 2), ("trigenic", 3)))


def _strain_group(strain: str, alleles: str | None) -> CellGroup:
    def read(cells: tuple[Cell, ...]) -> list[Edit]:
        return read_strain(cells[0], cells[1] if len(cells) > 1 else None, strain)

    return CellGroup((strain,) if alleles is None else (strain, alleles), read)
