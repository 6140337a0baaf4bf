"""Offsets of batches: values by hand, laws, and what ties batches to each other."""

import numpy as np
import pytest

from worker.training.batches import BatchTie, Replication, estimate_offsets


def offsets(rows, levels="012", others=None):
    """Of (design, level, label) observations, each of one row; `others`: a second covariate."""
    design_N, level_N, label_N = (np.array(column) for column in zip(*rows, strict=True))
    batches = [level_N] if others is None else [level_N, np.array(others)]
    named = {"plate": list(levels)} | ({} if others is None else {"day": ["a", "b"]})
    ones = Replication(np.ones(len(rows), dtype=np.int64), np.nan)
    return estimate_offsets(design_N, label_N, ones, np.stack(batches, axis=1), named)


def simulated(rng, shift_L, shared=30, noise=0.3):
    """Shared designs in all batches, one control, and designs that only one batch holds."""
    level_K = rng.normal(0, 1, shared)
    rows = [
        (k, b, level_K[k] + shift + rng.normal(0, noise))
        for k in range(shared)
        for b, shift in enumerate(shift_L)
    ]
    alone = [(shared + i, i % len(shift_L), rng.normal(9.0 * (i % 2), 3)) for i in range(40)]
    return rows + alone


def test_one_control_with_replicates_by_hand():
    # Rows 0, 2 and 4, 6: the variance of a row is 2, that of a mean of two 1. The means differ by
    # 4: a contrast of weight 1/2 + 1/2 and square 8, so that offsets vary by (8 - 1) / 1 = 7, and
    # 7/8 of the difference is theirs.
    rows = Replication.of(
        np.array([0.0, 2.0, 4.0, 6.0]), np.array([0, 0, 1, 1]), np.array([1.0, 5])
    )
    assert rows.row_variance == pytest.approx(2.0)
    assert rows.row_count_N.tolist() == [2, 2]
    batch_NC = np.array([[0], [1]])
    found = estimate_offsets(np.zeros(2, int), np.array([1.0, 5.0]), rows, batch_NC, {"p": "ab"})
    assert found.levels == {"p": {"a": pytest.approx(-1.75), "b": pytest.approx(1.75)}}
    assert found.offset_N.tolist() == pytest.approx([-1.75, 1.75])
    assert (found.offset_sd, found.noise_sd) == (pytest.approx(7**0.5), pytest.approx(1.0))
    assert found.ties == {"p": (BatchTie(("a", "b"), 1),)}


def test_two_designs_in_two_batches_by_hand():
    # Differences 3 and 5: mean 4, noise (1/2 (5 - 3))^2 = 1 of one observation, by 4 - 2 - 1 = 1
    # degree of freedom. The contrast weighs 2 and has the square 2 * 4^2 / 2 = 16:
    # v = (16 - 1) / 2 = 7.5, and 7.5 / (7.5 + 1/2) = 15/16 of 4 remain.
    found = offsets([(0, 0, 1.0), (0, 1, 4.0), (1, 0, 7.0), (1, 1, 12.0)], "01")
    assert found.levels["plate"]["1"] - found.levels["plate"]["0"] == pytest.approx(4 * 15 / 16)
    assert (found.offset_sd, found.noise_sd) == (pytest.approx(7.5**0.5), pytest.approx(1.0))


def test_more_replicates_weigh_more():
    # Design 0 says 2, design 1 says 6; between them only the number of rows tells whom to believe.
    design_N, batch_NC = np.array([0, 0, 1, 1]), np.array([[0], [1], [0], [1]])
    label_N = np.array([1.0, 3.0, 1.0, 7.0])

    def difference(counts):
        rows = Replication(np.array(counts), 8.0)
        found = estimate_offsets(design_N, label_N, rows, batch_NC, {"p": "ab"}).levels["p"]
        return found["b"] - found["a"]

    assert difference([1, 1, 40, 40]) > difference([5, 5, 5, 5]) > difference([40, 40, 1, 1])


@pytest.mark.parametrize("constant", [0.7, -20.0])
def test_a_constant_on_a_batch_with_shared_designs_changes_no_difference(constant):
    rows = simulated(np.random.default_rng(0), [0.0, 0.4, -0.3])
    moved = [(k, b, y + constant * (b == 1)) for k, b, y in rows]
    before, after = (
        np.array([y for _, _, y in data]) - offsets(data).offset_N for data in (rows, moved)
    )
    change = after - before
    # The average batch moves along; what is left is shrinkage by the noise, 0.3 / sqrt(30).
    np.testing.assert_allclose(change, change.mean(), atol=0.03)


def test_designs_of_one_batch_do_not_move_it():
    rows = simulated(np.random.default_rng(1), [0.0, 0.4, -0.3])
    better = [(k, b, y + (5.0 * b if k >= 30 else 0.0)) for k, b, y in rows]
    assert offsets(better).levels == offsets(rows).levels


def test_offsets_are_found_and_are_0_on_average():
    rows = simulated(np.random.default_rng(2), [0.0, 1.0, -2.0], shared=300)
    found = offsets(rows)
    level = found.levels["plate"]
    assert level["1"] - level["0"] == pytest.approx(1.0, abs=0.08)
    assert level["2"] - level["0"] == pytest.approx(-2.0, abs=0.08)
    assert found.noise_sd == pytest.approx(0.3, abs=0.03)
    assert found.offset_N.mean() == pytest.approx(0.0, abs=1e-12)
    assert found.ties["plate"] == (BatchTie(("0", "1", "2"), 300),)


def test_noise_alone_is_shrunken_to_nearly_nothing():
    rng = np.random.default_rng(3)
    raw, shrunken = [], []
    for _ in range(200):
        rows = simulated(rng, [0.0, 0.0, 0.0], shared=10)
        shared = np.array([y for k, _, y in rows if k < 10]).reshape(10, 3)
        raw.append(np.sum((shared.mean(axis=0) - shared.mean()) ** 2))
        shrunken.append(np.sum(np.square(list(offsets(rows).levels["plate"].values()))))
    assert np.mean(shrunken) < 0.35 * np.mean(raw)


def test_a_batch_that_shares_nothing_stays_as_it_is():
    rows = simulated(np.random.default_rng(4), [0.0, 1.0])
    rows += [(100 + i, 2, 50.0 + i) for i in range(10)]
    found, without = offsets(rows), offsets(rows[:-10])
    assert found.levels["plate"]["2"] == 0.0
    assert (found.offset_N[-10:] == 0.0).all()
    assert found.offset_N[:-10].tolist() == without.offset_N.tolist()
    assert found.ties["plate"] == (BatchTie(("0", "1"), 30), BatchTie(("2",), 0))


def test_batches_are_tied_through_others_and_pairs_of_them_are_centred_apart():
    chain = [(0, 0, 1.0), (0, 1, 2.0), (1, 1, 5.0), (1, 2, 6.0), (2, 0, 1.0), (2, 1, 2.1)]
    apart = [(7, 3, 0.0), (7, 4, 9.0), (8, 3, 1.0), (8, 4, 9.0), (9, 4, 30.0)]
    found = offsets(chain + apart, "01234")
    assert found.ties["plate"] == (BatchTie(("0", "1", "2"), 3), BatchTie(("3", "4"), 2))
    assert found.offset_N[:6].mean() == pytest.approx(0.0, abs=1e-12)
    assert found.offset_N[6:].mean() == pytest.approx(0.0, abs=1e-12)
    level = found.levels["plate"]
    assert level["2"] > level["1"] > level["0"]


def test_without_repeats_of_a_repeat_nothing_is_told_from_noise():
    found = offsets([(0, 0, 1.0), (0, 1, 5.0), (1, 0, 2.0)], "01")
    assert found.levels["plate"] == {"0": 0.0, "1": 0.0}
    assert (found.offset_sd, found.noise_sd) == (None, None)
    assert found.ties["plate"] == (BatchTie(("0", "1"), 1),)


def test_exact_repeats_are_believed():
    rows = [(k, b, float(k) + 3.0 * b) for k in range(4) for b in range(2)]
    found = offsets(rows, "01")
    assert found.levels["plate"] == {"0": pytest.approx(-1.5), "1": pytest.approx(1.5)}
    same = offsets([(k, b, float(k)) for k in range(4) for b in range(2)], "01")
    assert same.levels["plate"] == {"0": 0.0, "1": 0.0}


def test_repeats_in_one_batch_say_nothing_of_batches():
    found = offsets([(0, 0, 1.0), (0, 0, 1.4), (1, 1, 8.0), (1, 1, 8.1)], "01")
    assert found.levels["plate"] == {"0": 0.0, "1": 0.0}
    assert [tie.shared_design_count for tie in found.ties["plate"]] == [0, 0]


def test_missing_labels_and_batches_tie_nothing():
    rows = simulated(np.random.default_rng(5), [0.0, 1.0])
    extra = [(0, 2, np.nan), (1, -1, 40.0), (2, -1, -40.0)]
    found, without = offsets(rows + extra), offsets(rows)
    assert found.levels == without.levels
    assert found.offset_N[-3:].tolist() == [0.0, 0.0, 0.0]
    nothing = offsets([(0, -1, 1.0), (0, -1, 2.0)])
    assert (nothing.levels, nothing.ties) == ({"plate": {}}, {"plate": ()})


def test_two_covariates_are_told_apart_where_designs_cross_them():
    rng = np.random.default_rng(6)
    rows, day_N = [], []
    for k in range(200):
        for b in range(3):
            day = int(rng.integers(2))
            rows.append((k, b, rng.normal(0, 0.1) + k % 7 + [0.0, 1.0, 2.0][b] - 3.0 * day))
            day_N.append(day)
    found = offsets(rows, others=day_N)
    plate, day = found.levels["plate"], found.levels["day"]
    assert plate["2"] - plate["0"] == pytest.approx(2.0, abs=0.05)
    assert day["b"] - day["a"] == pytest.approx(-3.0, abs=0.05)


def test_the_order_of_observations_does_not_matter():
    rows = simulated(np.random.default_rng(7), [0.0, 1.0, -1.0])
    order = np.random.default_rng(8).permutation(len(rows))
    found, permuted = offsets(rows), offsets([rows[i] for i in order])
    np.testing.assert_allclose(permuted.offset_N, found.offset_N[order], atol=1e-12)
    assert offsets(rows).levels == found.levels


def test_the_literal_mixed_model_gives_the_same_offsets():
    # Designs fixed, offsets random, in one dense system (Henderson's equations).
    rows = simulated(np.random.default_rng(9), [0.0, 1.0, -0.5], shared=12)
    found = offsets(rows)
    design_N, level_N, label_N = (np.array(column) for column in zip(*rows, strict=True))
    design_NK, level_NL = np.eye(design_N.max() + 1)[design_N], np.eye(3)[level_N]
    ratio = found.noise_sd**2 / found.offset_sd**2
    left = np.block(
        [
            [design_NK.T @ design_NK, design_NK.T @ level_NL],
            [level_NL.T @ design_NK, level_NL.T @ level_NL + ratio * np.eye(3)],
        ]
    )
    right = np.concatenate([design_NK.T @ label_N, level_NL.T @ label_N])
    literal_L = np.linalg.solve(left, right)[-3:]
    literal_L -= np.average(literal_L, weights=np.bincount(level_N))
    np.testing.assert_allclose(list(found.levels["plate"].values()), literal_L, rtol=1e-9)
