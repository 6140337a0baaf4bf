"""Look-ups of measured lower orders, against a dictionary of their texts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import Design, parse_edit, parse_genotype
from worker.inference.measured import LowerOrders, MeasuredSingles
from worker.models.encoding import EditIndex

KEYS = ["a:deletion", "a:overexpression", "b:part=x", "b:part=y", "c:knockdown"]
LEVELS = [None, 0.0, 1.0, 2.5, -3.0]
INDEX = EditIndex(KEYS)
TEXTS = [key if level is None else f"{key}@{level}" for key in KEYS for level in LEVELS]
edits = st.sampled_from(TEXTS).map(parse_edit)
REFERENCE = 10.0


def orders_of(values):
    singles = [parse_edit(text) for text in values]
    return LowerOrders(
        MeasuredSingles(
            edit_S=np.array([KEYS.index(edit.key) for edit in singles], dtype=np.int64),
            level_S=np.array([np.nan if e.level is None else e.level for e in singles]),
            reference_Y=np.array([REFERENCE]),
            single_YS=np.array([list(values.values())], dtype=np.float64),
        )
    )


@given(
    values=st.dictionaries(st.sampled_from(TEXTS), st.integers(-99, 99)),
    wanted=st.lists(
        st.lists(edits, max_size=3, unique_by=lambda edit: edit.locus).map(Design.of), min_size=1
    ),
)
def test_it_finds_the_same_edit_at_the_same_level_and_nothing_else(values, wanted):
    by_edit = {str(parse_edit(text)): value for text, value in values.items()}
    lower = orders_of(values)
    effect_BP = lower.effects(0, lower.places(INDEX.columns(wanted)))
    expected_BP = np.zeros(effect_BP.shape)
    for row, design in enumerate(wanted):
        for column, edit in enumerate(design.edits):
            expected_BP[row, column] = by_edit.get(str(edit), np.nan) - REFERENCE
    np.testing.assert_array_equal(effect_BP, expected_BP)


def test_what_a_model_does_not_store_is_not_measured():
    designs = [parse_genotype(text) for text in ("", "a:deletion")]
    lower = LowerOrders(MeasuredSingles.of({}, label_count=2))
    for y in range(2):
        assert np.isnan(lower.effects(y, lower.places(INDEX.columns(designs)))).all()


def test_its_arrays_read_back():
    singles = MeasuredSingles(
        np.array([2, 0]), np.array([np.nan, 0.5]), np.array([1.0]), np.array([[3.0, np.nan]])
    )
    for given_array, read in zip(singles, MeasuredSingles.of(singles.arrays(), 1), strict=True):
        np.testing.assert_array_equal(read, given_array)
