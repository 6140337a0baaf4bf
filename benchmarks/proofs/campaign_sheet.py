"""A batch as an order sheet fills it: those to exploit, and those to explore, unlike each other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from service.contract.order_sheets import Measured, OrderSheetSpec
from service.contract.search import Objective, SearchSpec
from worker.inference.predictor import Predictor
from worker.search.sheet import order_sheet

if TYPE_CHECKING:
    from benchmarks.proofs.campaign import Pool

Codes = NDArray[np.int64]
Fields = Mapping[str, Any]


def sheet_spec(
    pool: "Pool", picked: Codes, fields: Fields, *, rows: int, seed: int
) -> OrderSheetSpec:
    """A sheet without controls and rebuilds, which a campaign that repeats nothing has no use for.

    What was measured, and is to be improved on, is what was picked so far, and nothing else.
    """
    measured = tuple(
        Measured(genotype=pool.designs[k].genotype, utility=float(pool.worth_K[k]))
        for k in picked.tolist()
    )
    return OrderSheetSpec(
        **{"row_count": rows, "controls": (), "rebuild_count": 0, "seed": seed, **fields},
        measured=measured,
    )


def sheet_picks(
    pool: "Pool",
    picked: Codes,
    candidates: Codes,
    predictor: Predictor,
    fields: Fields,
    *,
    rows: int,
    seed: int,
) -> Codes:
    """Places of the designs on the sheet; all candidates where there are no more than rows."""
    if len(candidates) <= rows:
        return candidates
    place = {pool.designs[k].genotype: k for k in candidates.tolist()}
    search = SearchSpec(model_id="campaign", objectives=(Objective(label=pool.label),))
    sheet = sheet_spec(pool, picked, fields, rows=rows, seed=seed)
    filled = order_sheet(sheet, search, list(place), predictor)
    return np.array([place[row.genotype] for row in filled], dtype=np.int64)
