"""A sheet is asked before the search whether it can be filled, and filled as far as it goes."""

import pytest

from service.contract.errors import InvalidArgumentError
from service.contract.order_sheets import Measured, OrderSheetSpec
from service.contract.proposals import Proposal
from service.contract.search import SearchSpec
from worker.search.sheet_fit import fillable_sheet, fitted_sheet

SEARCH = SearchSpec.model_validate(
    {"model_id": "m", "objectives": [{"label": "yield"}], "proposal_count": 60}
)


def proposal(rank, genotype, *, is_feasible=True):
    return Proposal(
        rank=rank,
        check_rank=rank,
        genotype=genotype,
        order=1,
        value=0.0,
        check_value=0.0,
        check_is_feasible=is_feasible,
        design_support=0,
        is_new_combination=False,
        labels=(),
    )


def test_replicates_of_a_strain_are_one_rebuild(models):
    edit = models("gp").predictor.manifest.edits[0]
    measured = [{"genotype": edit, "utility": value} for value in (1.0, 2.0, 6.0)]
    spec = OrderSheetSpec.model_validate({"row_count": 10, "measured": measured})
    sheet = fitted_sheet(spec, SEARCH, models("gp").predictor)
    assert sheet.measured == (Measured(genotype=edit, utility=3.0),)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"row_count": 1}, "raise row_count"),
        ({"row_count": 61}, "raise proposal_count"),
        ({"row_count": 9, "controls": ["nothing:deletion"]}, "no edit nothing:deletion"),
        ({"row_count": 9, "stock": ["nothing"]}, "no kind"),
    ],
)
def test_what_cannot_be_filled_is_told_before_the_search(models, changes, told):
    spec = OrderSheetSpec.model_construct(**(OrderSheetSpec().model_dump() | changes))
    with pytest.raises(InvalidArgumentError, match=told):
        fitted_sheet(spec, SEARCH, models("gp").predictor)


def test_rows_are_as_many_as_there_are_strains_to_build():
    spec = OrderSheetSpec.model_validate(
        {"row_count": 10, "measured": [{"genotype": "a:deletion", "utility": 1.0}]}
    )
    found = [
        proposal(1, "a:deletion"),
        proposal(2, "b:deletion"),
        proposal(3, "c:deletion", is_feasible=False),
        proposal(4, "d:deletion"),
    ]
    sheet, new, note = fillable_sheet(spec, found)
    assert new == ["b:deletion", "d:deletion"]
    assert sheet.row_count == 4  # a control, a rebuild, two new ones
    assert "4 rows, not 10" in note
    assert fillable_sheet(spec, found[:1])[0] is None
    whole, _, none = fillable_sheet(spec.model_copy(update={"row_count": 3}), found)
    assert (whole.row_count, none) == (3, None)
