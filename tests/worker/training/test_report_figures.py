"""Figures of the report that a hand or an independent library can compute."""

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr
from sklearn.metrics import average_precision_score

from service.contract.datasets import CovariateColumn, LabelColumn
from tests.worker.tables import IDENTITY, small_spec, write_table
from worker.data.table import read_table
from worker.training.metrics import average_precision, precision_at, spearman
from worker.training.preparation import prepare
from worker.training.run import train_model

RATE = LabelColumn(name="rate", kind="rate", unit="1/h")
BATCH = CovariateColumn(name="cycle", role="batch")
ADDITIVE = {"kind": "additive"}


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_scikit_learns_with_ties(seed):
    rng = np.random.default_rng(seed)
    score, good = rng.integers(0, 8, 60).astype(float), rng.random(60) < 0.3
    assert average_precision(score, good) == pytest.approx(average_precision_score(good, score))
    assert average_precision(np.ones(60), good) == pytest.approx(good.mean())
    assert average_precision(score, np.zeros(60, dtype=bool)) is None


@pytest.mark.parametrize("digits", [1, 9], ids=["ties", "no_ties"])
def test_spearman_is_scipys_with_ties(digits):
    draw = np.random.default_rng(digits)
    one_N, other_N = np.round(draw.normal(size=(2, 60)), digits)
    assert spearman(one_N, other_N) == pytest.approx(spearmanr(one_N, other_N).statistic, abs=1e-12)
    one_N[7] = np.nan
    assert np.isnan(spearman(one_N, other_N))
    assert spearman(one_N[8:], np.ones(52)) is None


def test_precision_at_k_shares_the_last_places():
    good = np.array([True, False, True, False])
    assert precision_at(np.array([4.0, 3, 2, 1]), good, 2) == 0.5
    assert precision_at(np.array([4.0, 2, 2, 2]), good, 2) == pytest.approx((1 + 1 / 3) / 2)
    assert precision_at(np.ones(4), good, 3) == 0.5
    assert precision_at(np.ones(4), good, 5) is None


def singles_and_pairs(loci=12):
    names = [f"g{i:02}" for i in range(loci)]
    pairs = [f"{a}:knockdown+{b}:knockdown" for i, a in enumerate(names) for b in names[:i]]
    return ["", *(f"{a}:knockdown" for a in names)], pairs


def world(path, *, repeats=3, noise=0.2, interaction=1.0, build_noise=0.0, seed=0):
    """Singles, and pairs whose interaction is drawn: `repeats` builds of each, of two rows."""
    rng = np.random.default_rng(seed)
    lower, pairs = singles_and_pairs()
    effect = dict(zip(lower[1:], rng.normal(0, 1, len(lower) - 1), strict=True))
    extra = dict(zip(pairs, rng.normal(0, interaction, len(pairs)), strict=True))
    designs = [d for d in lower + pairs for _ in range(2 * repeats)]
    builds = [f"{d}/{r // 2}" for d in lower + pairs for r in range(2 * repeats)]
    anew = dict(zip(sorted(set(builds)), rng.normal(0, 1, len(set(builds))), strict=True))
    value = [sum(effect[p] for p in d.split("+") if p) + extra.get(d, 0.0) for d in designs]
    value = np.array(value) + build_noise * np.array([anew[b] for b in builds])
    value += rng.normal(0, noise, len(designs))
    return write_table(path, designs, label__rate=value, build=builds)


def report_of(path, **changes):
    spec = small_spec(**{"labels": [{"name": "rate"}], "model": ADDITIVE} | changes)
    return train_model(spec, path, [RATE], [BATCH], identity=IDENTITY).report.labels[0]


def test_ceilings_are_what_the_world_was_made_of(tmp_path):
    path = world(tmp_path / "t", noise=0.4, build_noise=0.6)
    label = report_of(path, split={"kind": "random", "test_fraction": 0.5})
    within, across = label.ceilings
    assert (within.kind, across.kind) == ("within_build", "across_builds")
    assert within.error_sd == pytest.approx(0.4, rel=0.1)
    assert across.error_sd == pytest.approx(np.sqrt(0.36 + 0.16 / 2), rel=0.12)
    variance = np.var([*label.test.measured], ddof=1)
    assert within.reliability == pytest.approx(1 - within.error_sd**2 / 6 / variance)
    assert across.reliability == pytest.approx(1 - across.error_sd**2 / 3 / variance)
    assert across.max_pearson == pytest.approx(np.sqrt(across.reliability))
    assert across.max_r2 == across.reliability
    assert (across.design_count, across.repeat_count) == (78, 3 * 78)
    ends = across.reliability_interval
    assert ends.low < across.reliability < ends.high


def test_the_headline_tells_interaction_from_noise(tmp_path):
    """Var(interaction) = 1 and noise 0.5^2 / 3 builds of two rows each (0.04)."""
    path = world(tmp_path / "t", noise=0.5)
    label = report_of(path, split={"kind": "order", "max_train_order": 1})
    found = label.headline
    assert found.noise_source == "across_builds"
    assert found.noise_variance == pytest.approx(0.25 / 6, rel=0.25)
    # Measured neutrals add their own error: of two singles and the reference.
    assert found.variance == pytest.approx(1 + 0.04 + 3 * 0.04, rel=0.35)
    assert found.share_above_noise == pytest.approx(1 - found.noise_variance / found.variance)
    ends = found.share_above_noise_interval
    assert ends.low < found.share_above_noise < ends.high
    # No interaction was seen: an additive model explains next to nothing of it.
    assert abs(found.share_explained) < 0.2
    assert found.statement.startswith(f"{100 * found.share_above_noise:.0f} % [")
    assert "the model explains none of it (-" in found.statement
    assert "of the variance beyond the neutral expectation (additive) is above rebuild" in (
        found.statement
    )


def test_a_model_that_gives_ranks_alone_explains_no_variance(tmp_path):
    path = world(tmp_path / "t", noise=0.5)
    ranking = {"kind": "edit_frequency"}
    split = {"kind": "order", "max_train_order": 1}
    found = report_of(path, split=split, model=ranking).headline
    assert (found.share_explained, found.share_explained_interval) == (None, None)
    assert (
        "ranks designs without a value, and explains none of it, the best null" in found.statement
    )


def test_without_interaction_little_is_above_noise(tmp_path):
    path = world(tmp_path / "t", noise=0.5, interaction=0.0)
    found = report_of(path, split={"kind": "order", "max_train_order": 1}).headline
    strong = report_of(
        world(tmp_path / "s", noise=0.5), split={"kind": "order", "max_train_order": 1}
    ).headline
    assert found.variance < 0.3 * strong.variance


def with_repeats_that_differ(path, count):
    """Singles and pairs that hardly interact; `count` singles have two builds, 20 apart."""
    lower, pairs = singles_and_pairs()
    designs = lower + pairs + lower[1 : count + 1]
    value = np.random.default_rng(0).normal(0, 0.1, len(designs))
    value[1 : count + 1] -= 10
    value[len(lower + pairs) :] += 10
    builds = [f"{place}" for place in range(len(designs))]
    return write_table(path, designs, label__rate=value, build=builds)


def test_repeats_that_differ_more_than_designs_leave_nothing_to_explain(tmp_path):
    split = {"kind": "order", "max_train_order": 1}
    found = report_of(with_repeats_that_differ(tmp_path / "t", 9), split=split).headline
    assert found.share_above_noise_interval.high <= 0
    assert "9 repeated designs differ" in found.statement
    assert found.statement.endswith("There is nothing to explain.")
    assert found.share_explained is None


@pytest.mark.parametrize("copies", [0, 5])
def test_without_repeats_both_say_so_and_copies_of_a_row_are_none(tmp_path, copies):
    lower, pairs = singles_and_pairs()
    designs = lower + pairs
    value = np.random.default_rng(0).normal(size=len(designs))
    path = write_table(
        tmp_path / "t",
        designs + designs[:copies],
        label__rate=np.concatenate([value, value[:copies]]),
    )
    label = report_of(path)
    assert [c.reliability for c in label.ceilings] == [None, None]
    assert [c.reason for c in label.ceilings] == [
        "no build has two rows in the table that differ",
        "no design has two builds in the table that differ",
    ]
    assert label.headline.share_above_noise is None
    assert "no repeats and no sds" in label.headline.statement
    assert label.headline.variance > 0


def test_uploaded_sds_stand_in_for_rows(tmp_path):
    lower, pairs = singles_and_pairs()
    rng = np.random.default_rng(0)
    count = len(lower + pairs)
    path = write_table(
        tmp_path / "t", lower + pairs, label__rate=rng.normal(size=count), sd__rate=[0.3] * count
    )
    within = report_of(path).ceilings[0]
    assert within.error_sd == pytest.approx(0.3)
    assert within.statement == "noise from the uploaded sds of the rows"


@pytest.fixture(scope="module")
def in_cycles(tmp_path_factory):
    """Two cycles of the same trend on other levels, and one of four designs."""
    lower, pairs = singles_and_pairs(14)
    designs = [d for d in lower + pairs if d]
    rng = np.random.default_rng(1)
    cycle = np.where(np.arange(len(designs)) < 4, 2, np.arange(len(designs)) % 2)
    effect = {f"g{i:02}": rng.normal() for i in range(14)}
    value = np.array([sum(effect[p.split(":")[0]] for p in d.split("+")) for d in designs])
    value += 10 * (cycle == 1) + rng.normal(0, 0.5, len(designs))
    path = tmp_path_factory.mktemp("cycles") / "t"
    covariates = {"covariate__cycle": [str(c) for c in cycle]}
    return write_table(path, designs, label__rate=value, **covariates)


def test_spearman_within_groups_is_their_weighted_mean(in_cycles):
    label = report_of(in_cycles, split={"kind": "random", "test_fraction": 0.6})
    columns = {k: np.array(v) for k, v in label.test.model_dump().items() if isinstance(v, tuple)}
    total, weight = 0.0, 0
    for group in label.groups:
        at = columns["group"] == group.value
        assert group.design_count == at.sum()
        assert group.is_counted == (at.sum() >= 5)
        if at.sum() < 3:
            continue
        rho = spearmanr(columns["prediction"][at], columns["measured"][at]).statistic
        assert group.spearman == pytest.approx(rho)
        if group.is_counted:
            total, weight = total + rho * at.sum(), weight + at.sum()
    row = label.table[0]
    assert row.spearman_within_groups == pytest.approx(total / weight)
    assert row.spearman_within_groups > row.spearman + 0.1
    assert {g.column for g in label.groups} == {"cycle"}


def test_every_headline_figure_has_an_interval_around_it(in_cycles):
    label = report_of(in_cycles, split={"kind": "random", "test_fraction": 0.6})
    row = label.table[0]
    in_order = ("spearman_within_groups", "average_precision")
    for name in ("spearman", "pearson", "rmse", "mae", "r2", *in_order):
        ends = getattr(row, f"{name}_interval")
        assert ends.low < getattr(row, name) < ends.high, name
    assert row.wasserstein_interval.low < row.wasserstein_interval.high
    assert row.precision_at_k_interval.low <= row.precision_at_k <= row.precision_at_k_interval.high
    for group in label.groups:
        ends = group.spearman_interval
        assert (ends is not None) == group.is_counted
        assert ends is None or ends.low < group.spearman < ends.high
    mean = next(row for row in label.table if row.predictor == "train_mean")
    assert (mean.spearman, mean.spearman_interval, mean.average_precision) == (None,) * 3
    assert mean.average_precision_interval is mean.spearman_within_groups_interval is None
    best = max(label.spearman_differences, key=lambda d: -d.difference)
    assert label.best_null == best.null
    by_hand = row.spearman - next(r for r in label.table if r.predictor == best.null).spearman
    assert best.difference == pytest.approx(by_hand)


def test_the_top_is_a_tenth_and_its_base_rate_is_said(in_cycles):
    label = report_of(in_cycles, split={"kind": "random", "test_fraction": 0.6})
    measured = np.array(label.test.measured)
    assert label.top.positive_count == (measured >= label.top.threshold).sum() == 6
    assert label.top.base_rate == pytest.approx(6 / len(measured))
    assert label.top.k == 10
    assert f"{label.top.threshold:.4g} 1/h" in label.top.statement


def test_coverage_and_pit_are_those_of_the_columns(in_cycles):
    label = report_of(in_cycles, split={"kind": "random", "test_fraction": 0.4}, ensemble_size=5)
    columns, found = label.test, label.calibration
    inside = [
        a <= y <= b for a, y, b in zip(columns.low, columns.measured, columns.high, strict=True)
    ]
    at = {c.level: c for c in found.coverages}
    assert set(at) <= {0.8, 0.9, 0.95}
    assert at[columns.level].coverage == pytest.approx(np.mean(inside))
    widths = np.subtract(columns.high, columns.low)
    assert at[columns.level].mean_width == pytest.approx(widths.mean())
    assert at[0.8].coverage <= at[0.9].coverage
    assert sum(found.pit_counts) == label.test_design_count
    assert 0 < found.pit_distance < 1
    assert found.calibrated_on == "inner folds of the training part, random by design group"


def test_the_distance_of_the_pit_is_that_of_kolmogorov_and_smirnov():
    from worker.training.report_calibration import _distance_from_uniform

    share = np.random.default_rng(0).random(40) ** 2
    assert _distance_from_uniform(share) == pytest.approx(kstest(share, "uniform").statistic)


def test_genes_and_pairs_seen_are_counted(tmp_path):
    lower, pairs = singles_and_pairs(6)
    held = [d for d in pairs if "g05" in d]
    spec = small_spec(
        labels=[{"name": "rate"}],
        model=ADDITIVE,
        split={"kind": "gene", "test": ["g05"], "keep_singles": True},
    )
    value = np.arange(len(lower + pairs), dtype=float)
    path = write_table(tmp_path / "t", lower + pairs, label__rate=value)
    data = prepare(spec, read_table(path), [RATE], [])
    assert len(data.test.designs) == len(held) == 5
    seen = report_of(path, split=spec.split.model_dump()).seen
    assert (seen.genes_seen_count, seen.gene_count) == (6, 6)
    assert (seen.pairs_seen_count, seen.pair_count) == (0, 5)


def test_residuals_are_told_by_order(in_cycles):
    label = report_of(in_cycles, split={"kind": "random", "test_fraction": 0.6})
    columns = label.test
    residual = np.subtract(columns.measured, columns.prediction)
    for row in label.orders:
        at = np.array(columns.order) == row.order
        assert row.design_count == at.sum()
        assert row.residual_mean == pytest.approx(residual[at].mean())
        assert row.rmse == pytest.approx(np.sqrt(np.mean(residual[at] ** 2)))
    assert sum(row.design_count for row in label.orders) == label.test_design_count
