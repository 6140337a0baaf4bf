"""Whether an order sheet can be filled, asked before the search begins; what was built before."""

from collections.abc import Sequence

import numpy as np

from service.contract.designs import Design, parse_genotype
from service.contract.errors import InvalidArgumentError, InvalidDesignError
from service.contract.order_sheets import Measured, OrderSheetSpec
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
    whole = spec
    if not spec.measured:
        whole = spec.model_copy(update={"measured": _seen(search, predictor)})
    proposed = search.proposal_count
    if proposed < spec.row_count:
        raise InvalidArgumentError(
            f"order_sheet has {spec.row_count} rows, and the search proposes {proposed} designs, "
            "some of which may have been built: raise proposal_count, best to twice the rows"
        )
    return whole


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
