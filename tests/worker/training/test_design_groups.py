"""No design is in two groups, whatever the table says."""

import numpy as np
import pytest

from worker.training.design_groups import design_groups


def groups_of(pairs, designs):
    design_N, group_N = (np.array(column) for column in zip(*pairs, strict=True))
    is_edited_K = np.arange(designs) > 0  # design 0 is the reference
    return design_N, group_N, design_groups(design_N, group_N, is_edited_K)


def test_groups_that_share_no_design_stay_as_they_are():
    pairs = [(0, 0), (0, 1), (1, 0), (2, 1), (3, 1), (3, 1)]
    _, group_N, found_N = groups_of(pairs, 4)
    assert found_N is group_N


def test_groups_that_share_a_design_are_one_and_the_reference_joins_none():
    pairs = [(0, g) for g in range(7)] + [(g + 1, g) for g in range(7)] + [(1, 4), (6, 1)]
    design_N, group_N, found_N = groups_of(pairs, 8)
    expected = {0: 0, 1: 1, 2: 2, 3: 3, 4: 0, 5: 1, 6: 4}  # 0 with 4 by design 1, 1 with 5 by 6
    assert found_N.tolist() == [expected[g] for g in group_N.tolist()]
    for design in range(1, 8):
        assert len(np.unique(found_N[design_N == design])) == 1


@pytest.mark.parametrize("seed", range(5))
def test_where_few_groups_are_left_each_design_is_its_own(seed):
    rng = np.random.default_rng(seed)
    pairs = list(zip(rng.integers(1, 20, 200), rng.integers(0, 7, 200), strict=True))
    design_N, _, found_N = groups_of(pairs, 20)
    np.testing.assert_array_equal(found_N, design_N)
