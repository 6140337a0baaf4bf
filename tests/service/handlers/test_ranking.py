"""Rankings in plain Python, beside SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from service.contract.comparisons import TopOf
from service.handlers.ranking import ranks, spearman, top

COLUMNS = st.lists(
    st.tuples(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6)), min_size=3, max_size=40
)


@given(columns=COLUMNS)
def test_ranks_and_their_correlation_are_those_of_scipy(columns):
    a, b = map(list, zip(*columns, strict=True))
    assert ranks(a) == rankdata(a).tolist()
    found = spearman(ranks(a), ranks(b))
    if len(set(a)) < 2 or len(set(b)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_the_top_by_hand():
    values = [1.0, 5.0, 3.0, 5.0, 0.0]
    assert top(values, 2, TopOf.HIGHEST) == {1, 3}
    assert top(values, 1, TopOf.HIGHEST) == {1}
    assert top(values, 2, TopOf.LOWEST) == {4, 0}
