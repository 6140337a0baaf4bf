"""Loci of a model whose genes fulfil conditions on features of a gene table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.contract.errors import AmbiguousGeneError, InvalidArgumentError, Offender
from service.contract.gene_filters import GeneFilter
from worker.data.gene_table import GeneTable

_LISTED = 10


class PassingLoci(NamedTuple):
    """Loci that fulfil a filter, and what is to be said of the others."""

    loci: frozenset[str]
    notes: tuple[str, ...]


def passing_loci(wanted: GeneFilter, table: GeneTable, loci: Sequence[str]) -> PassingLoci:
    """Which loci pass: by systematic name first, then by alias. One that the table lacks does not.

    Raises:
        AmbiguousGeneError: loci are aliases of several genes; every one is listed.
        InvalidArgumentError: the table has no such feature, or no locus passes.
    """
    value_GF = table.features([one.feature for one in wanted.where])
    unknown: list[str] = []
    ambiguous: list[Offender] = []
    row_of: dict[str, int] = {}
    for locus in loci:
        if locus not in table and locus not in table.aliases:
            unknown.append(locus)
            continue
        try:
            row_of[locus] = table.resolve(locus)
        except AmbiguousGeneError as error:
            ambiguous += error.offenders
    if ambiguous:
        listed = _listed([str(offender.value) for offender in ambiguous])
        detail = f"pool.genes: loci of the model are aliases of several genes: {listed}"
        raise AmbiguousGeneError(detail, ambiguous)
    least_F = np.array([-np.inf if one.at_least is None else one.at_least for one in wanted.where])
    most_F = np.array([np.inf if one.at_most is None else one.at_most for one in wanted.where])
    found = list(row_of)
    value_LF = value_GF[list(row_of.values())]
    passes_L = ((value_LF >= least_F) & (value_LF <= most_F)).all(axis=1)
    passing = [found[place] for place in np.flatnonzero(passes_L).tolist()]
    lacks_L = np.isnan(value_LF).any(axis=1)
    lacking = [found[place] for place in np.flatnonzero(lacks_L).tolist()]
    notes = [f"pool.genes: {len(passing)} of {len(loci)} loci of the model fulfil it."]
    for names, why in ((unknown, "not in the gene table"), (lacking, "without a value there")):
        if names:
            notes.append(f"pool.genes: left out, as {why} ({len(names)}): {_listed(names)}.")
    if not passing:
        raise InvalidArgumentError(
            f"{' '.join(notes)} No locus is left: widen the conditions, or use another gene table",
            [Offender(field="pool.genes", message="no locus of the model fulfils it")],
        )
    return PassingLoci(frozenset(passing), tuple(notes))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
