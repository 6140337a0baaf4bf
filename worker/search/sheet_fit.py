"""Whether an order sheet can be filled, asked before the search begins; what was built before."""

from collections.abc import Sequence

import numpy as np

from service.contract.designs import Design, parse_genotype
from service.contract.errors import InvalidArgumentError, InvalidDesignError
from service.contract.order_sheets import Measured, OrderSheetSpec
from service.contract.proposals import Proposal
from service.contract.search import SearchSpec
from worker.inference.predictor import Predictor
from worker.search.names import Problems, Vocabulary
from worker.search.objective import Ranking
from worker.search.parents import check_cost_names


def fitted_sheet(spec: OrderSheetSpec, search: SearchSpec, predictor: Predictor) -> OrderSheetSpec:
    """The spec, with the strains that were measured: those given, else the training part's.

    Raises:
        InvalidArgumentError: a strain has an edit that the model has not, a cost is of nothing, or
            the search proposes too few designs to fill the rows.
    """
    check_cost_names(spec.costs, predictor.manifest.edits)
    _check_strains(spec, Vocabulary(predictor.manifest.edits))
    measured = _averaged(spec.measured or _seen(search, predictor))
    whole = spec.model_copy(update={"measured": measured})
    taken = _taken(whole)
    if taken >= spec.row_count:
        raise InvalidArgumentError(
            f"order_sheet: controls and rebuilds take {taken} of {spec.row_count} rows, and "
            "nothing is left to explore or exploit: raise row_count, or lower rebuild_count"
        )
    if search.proposal_count < spec.row_count:
        raise InvalidArgumentError(
            f"order_sheet has {spec.row_count} rows, and the search proposes "
            f"{search.proposal_count} designs, "
            "some of which may have been built: raise proposal_count, best to twice the rows"
        )
    return whole


def fillable_sheet(
    spec: OrderSheetSpec, proposals: Sequence[Proposal]
) -> tuple[OrderSheetSpec | None, list[str], str | None]:
    """The sheet with as many rows as there are strains for, the candidates, and what to note.

    Candidates are proposals that are good enough at y_intact, too, and that were not built. None
    where there are none.
    """
    built = {parse_genotype(one.genotype) for one in spec.measured}
    built |= {parse_genotype(text) for text in spec.controls}
    new = [
        one.genotype
        for one in proposals
        if one.check_is_feasible and parse_genotype(one.genotype) not in built
    ]
    rows = min(spec.row_count, _taken(spec) + len(new))
    if not new:
        return None, [], "There is no order sheet: every proposal was built, or is not good enough."
    note = None
    if rows < spec.row_count:
        note = (
            f"The order sheet has {rows} rows, not {spec.row_count}: of {len(proposals)} proposals "
            f"{len(new)} were not built and are good enough at y_intact."
        )
    return spec.model_copy(update={"row_count": rows}), new, note


def _taken(spec: OrderSheetSpec) -> int:
    """Rows of controls and rebuilds; rebuilds come from the better half of what was measured."""
    return len(spec.controls) + min(spec.rebuild_count, (len(spec.measured) + 1) // 2)


def _averaged(measured: Sequence[Measured]) -> tuple[Measured, ...]:
    """One entry a design: the mean of its utilities."""
    utilities: dict[str, list[float]] = {}
    for one in measured:
        utilities.setdefault(parse_genotype(one.genotype).genotype, []).append(one.utility)
    return tuple(
        Measured(genotype=text, utility=sum(values) / len(values))
        for text, values in utilities.items()
    )


def _check_strains(spec: OrderSheetSpec, vocabulary: Vocabulary) -> None:
    problems = Problems()
    given = [("controls", spec.controls), ("stock", spec.stock)]
    given.append(("measured", tuple(one.genotype for one in spec.measured)))
    for field, texts in given:
        for i, text in enumerate(texts):
            place = f"order_sheet.{field}[{i}]"
            try:
                design = parse_genotype(text)
            except InvalidDesignError as error:
                problems.add(place, error.detail, text)
                continue
            if field != "stock":  # a strain at hand may hold what the model does not know
                _check_edits(design, place, vocabulary, problems)
    problems.tell()


def _check_edits(design: Design, place: str, vocabulary: Vocabulary, problems: Problems) -> None:
    for edit in design.edits:
        if edit.key not in vocabulary.place:
            problems.add(place, f"the model has no edit {edit.key}", edit.key, vocabulary.keys)


def _seen(search: SearchSpec, predictor: Predictor) -> Sequence[Measured]:
    """Designs of the training part that have every label of the objectives, and their utility."""
    seen, manifest = predictor.seen, predictor.manifest
    if seen is None:
        return ()
    goals = Ranking.of(search, [label.name for label in manifest.labels]).goals
    terms = [goal.sign * goal.weight * seen.value_KY[:, goal.label] for goal in goals]
    utility_K = np.sum(terms, axis=0)
    known_K = np.isfinite(utility_K) & (seen.order_K > 0)
    return tuple(
        Measured(
            genotype="+".join(seen.texts(place, manifest.edits)), utility=float(utility_K[place])
        )
        for place in np.flatnonzero(known_K).tolist()
    )
