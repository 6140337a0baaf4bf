"""Metrics by hand, intervals, verdicts, and the collapse monitor."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr, wasserstein_distance

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from service.contract.report_parts import NullDifference
from service.contract.training import TrainingSpec
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet
from worker.training.bootstrap import Resamples, paired_difference, spearmans
from worker.training.errors import LatentCollapseError
from worker.training.latent_monitor import (
    LatentState,
    effective_rank,
    inspect_latent,
    require_latent,
)
from worker.training.metrics import metric_row, spearman
from worker.training.report_verdict import Evidence, verdict


def test_metrics_by_hand():
    row = metric_row(np.array([1.0, 2.0, 5.0]), np.array([2.0, 2.0, 5.0]))
    assert row["rmse"] == pytest.approx((1 / 3) ** 0.5)
    assert row["mae"] == pytest.approx(1 / 3)
    assert row["r2"] == pytest.approx(1 - 1 / 6)
    assert metric_row(np.array([]), np.array([])) == dict.fromkeys(row)


def test_spearman_is_scipys_and_none_for_a_constant():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (2, 40)).astype(float)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert spearman(np.ones(40), b) is None
    assert metric_row(np.full(3, 0.1), np.array([1.0, 2.0, 3.0]))["pearson"] is None


def test_wasserstein_is_scipys_and_has_the_labels_unit():
    a, b = np.random.default_rng(0).normal(size=(2, 25))
    distance = metric_row(a, b)["wasserstein"]
    assert distance == pytest.approx(wasserstein_distance(a, b))
    assert metric_row(10 * a, 10 * b)["wasserstein"] == pytest.approx(10 * distance)
    assert metric_row(b[::-1], b)["wasserstein"] == 0


def spearman_differences(model, nulls, truth, cluster=None):
    draws = Resamples.of(np.arange(len(truth)) if cluster is None else cluster, seed=0)
    found = spearmans({"": model, **nulls}, truth, draws)
    return {name: paired_difference(found[""], found[name]) for name in nulls}


def test_intervals_find_a_real_difference_and_none_between_twins():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=80)
    good, bad = truth + 0.3 * rng.normal(size=80), rng.normal(size=80)
    found = spearman_differences(good, {"bad": bad, "twin": good * 2}, truth)
    value, low, high = found["bad"]
    assert value == pytest.approx(spearman(good, truth) - spearman(bad, truth))
    assert 0 < low < value < high
    assert found["twin"] == (0, 0, 0)


def comparison(null, low, high):
    return NullDifference(null=null, difference=(low + high) / 2, low=low, high=high)


def evidence(*differences, within=(), kind="gp", **split):
    spec = TrainingSpec.model_validate(
        {
            "dataset_id": "d",
            "labels": [{"name": "y"}],
            "split": {"kind": "covariate", "covariate": "cycle", "test": ["5"]} | split,
        }
    )
    return Evidence("m", kind, differences, within, "cycle 5, trained on the others", spec.split)


def test_a_verdict_says_by_how_much_the_best_null_is_beaten_and_where():
    text = verdict(evidence(comparison("train_mean", 0.3, 0.5), comparison("additive", 0.03, 0.13)))
    assert text.startswith(
        "m beats the additive null, the best of them, by 0.08 Spearman [0.03, 0.13] on unseen "
        "values of cycle."
    )
    assert "It ranks better than train_mean, additive." in text
    assert text.endswith("Held out: cycle 5, trained on the others.")


def test_a_verdict_names_what_to_use_instead():
    worse = verdict(evidence(comparison("train_mean", 0.1, 0.3), comparison("forest", -0.3, -0.1)))
    assert worse.startswith("Use the forest model: m ranks worse than it by 0.20 Spearman")
    assert "It is worse than forest." in worse
    open_ = comparison("additive", -0.1, 0.2)
    assert verdict(evidence(open_)).startswith("Use the additive model, the simpler one: m cannot")
    simple = verdict(evidence(comparison("forest", -0.1, 0.2), kind="additive"))
    assert simple.startswith("m cannot be told apart from forest, the best null")
    assert "and is the simpler one of the two" in simple


def test_a_verdict_within_groups_and_without_evidence():
    inner = comparison("nearest_design", -0.4, 0.3)
    text = verdict(evidence(comparison("additive", 0.1, 0.2), within=(inner,)))
    assert "Within groups it differs from nearest_design, the best null there, by -0.05" in text
    assert "Too few" in verdict(evidence())


def test_effective_rank_counts_directions():
    assert effective_rank(torch.eye(4).repeat(3, 1)) == pytest.approx(3.0)  # centring takes one
    assert effective_rank(torch.ones(5, 3)) == 0


@pytest.fixture
def nets():
    def make():
        return PerturbationSet(
            PerturbationSetSpec(latent_dim=4),
            edit_count=6,
            measure_orders=[0],
            generator=torch.Generator().manual_seed(0),
        )

    index = EditIndex([f"g{i}:deletion" for i in range(6)])
    pairs = [f"g{i}:deletion+g{j}:deletion" for i in range(6) for j in range(i)]
    batch = index.encode([parse_genotype(text) for text in pairs])
    return make(), make(), batch.to(torch.device("cpu"), torch.float32)


def test_a_fresh_latent_is_alive_and_additive(nets):
    state = inspect_latent(*nets)
    assert not state.is_collapsed
    assert state.residual < 1e-6
    assert state.variance_share_of_start == 1


def test_a_latent_shrunk_to_a_point_is_collapsed(nets):
    net, start, batch = nets
    with torch.no_grad():
        net.shift_ED *= 1e-3
    assert inspect_latent(net, start, batch).is_collapsed


def test_a_z_p_that_does_not_tell_designs_apart_is_collapsed(nets):
    net, start, batch = nets
    with torch.no_grad():
        net.shift_ED[:] = net.shift_ED[1] * 50
    assert inspect_latent(net, start, batch).is_collapsed


def test_most_members_collapsed_end_the_job():
    alive = LatentState(3.0, 1.0, 1.0, 0.1, 5.0)
    dead = LatentState(1.0, 1e-9, 1e-9, 0.1, 1.0)
    require_latent([])
    require_latent([alive, dead])
    with pytest.raises(LatentCollapseError, match="2 of 3 members collapsed"):
        require_latent([alive, dead, dead])
