"""What the report's pictures show: laws, values by hand, and what is left out with its reason."""

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from service.contract.jobs import EventType
from tests.worker.tables import (
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.training.diagnostics_designs import drawn, quantiles_by_order
from worker.training.diagnostics_difference import agreement
from worker.training.diagnostics_history import History
from worker.training.run import train_model


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    designs = random_designs(70)
    path = tmp_path_factory.mktemp("shown") / "table.parquet"
    write_table(path, designs, label__titer=np.exp(log_titer(designs)))
    spec = small_spec(split={"kind": "random", "test_fraction": 0.4})
    return train_model(spec, path, [TITER], identity=IDENTITY).told().diagnostics


def test_a_network_shows_everything(shown):
    assert shown.left_out == {}
    (designs,) = shown.designs
    assert (designs.part, designs.label, designs.is_log) == ("test", "titer", True)
    assert designs.design_count == len(designs.shown.genotype)
    assert 0 not in designs.shown.order
    assert sum(box.count for box in designs.residual_by_order) == designs.design_count
    residual = np.abs(np.subtract(designs.shown.measured, designs.shown.predicted))
    furthest = np.abs(np.subtract(designs.furthest.measured, designs.furthest.predicted))
    np.testing.assert_array_equal(furthest, np.sort(residual)[::-1][: len(furthest)])
    assert {point.member for point in shown.epochs} == {0, 1}
    assert {"total", "mse", "composition"} <= set(shown.epochs[0].terms)


def test_its_conflict_matrix_is_one_of_cosines(shown):
    cosine = np.array(shown.conflict.cosine, dtype=float)
    assert len(shown.conflict.terms) == len(cosine) >= 2
    np.testing.assert_allclose(np.diag(cosine), 1, atol=1e-5)
    np.testing.assert_allclose(cosine, cosine.T, atol=1e-6)
    assert np.abs(cosine).max() <= 1
    assert shown.conflict.row_count == small_spec().batch_size


def test_single_edits_compose_exactly(shown):
    by_order = {box.order: box for box in shown.composition.by_order}
    assert by_order[1].high < 1e-6
    assert set(by_order) == {1, 2, 3}
    assert {box.order for box in shown.differences[0].by_order} == {2, 3}


def test_the_latent_map_is_of_both_parts(shown):
    latent = shown.latent_map
    assert {True, False} == set(latent.is_test)
    assert latent.design_count == len(latent.first)
    assert 0 < latent.share[1] <= latent.share[0] <= 1
    assert np.var(latent.first) >= np.var(latent.second)
    # The reference is in the training part: its state is z_W.
    place = latent.order.index(0)
    assert (latent.first[place], latent.second[place]) == pytest.approx(latent.reference, abs=1e-5)


def test_a_model_that_is_fitted_at_once_says_why_pictures_are_missing(train):
    shown = train(small_spec(model={"kind": "additive"}, split={"kind": "none"})).report.diagnostics
    assert shown.designs[0].part == "train"
    assert set(shown.left_out) == {
        "epochs",
        "conflict",
        "composition",
        "differences",
        "latent_map",
    }
    assert "additive" in shown.left_out["epochs"]


def test_a_value_below_the_detection_limit_has_no_error_bar(tmp_path):
    designs = random_designs(70)
    value = np.exp(log_titer(designs))
    value[3] = 0.0  # the limit is 1
    sd = np.where(value > 0, 2.0, 0.0)
    path = write_table(tmp_path / "t", designs, label__titer=value, sd__titer=sd)
    spec = small_spec(model={"kind": "additive"}, split={"kind": "none"})
    told = train_model(spec, path, [TITER], identity=IDENTITY).told()
    shown = told.diagnostics.designs[0].shown
    sds = dict(zip(shown.genotype, shown.measured_sd, strict=True))
    low = parse_genotype(designs[3]).genotype
    assert [genotype for genotype, sd in sds.items() if sd is None] == [low]
    assert min(sd for sd in sds.values() if sd is not None) > 0


def test_quantiles_by_hand():
    low, high = quantiles_by_order(np.array([0.0, 1, 2, 3, 4, 9]), np.array([1, 1, 1, 1, 1, 2]))
    assert (low.order, low.count, low.quarter, low.median, low.three_quarters) == (1, 5, 1, 2, 3)
    assert (low.low, low.high) == pytest.approx((0.2, 3.8))
    assert (high.order, high.count, high.low, high.high) == (2, 1, 9, 9)


def test_many_designs_are_drawn_the_same_each_time():
    np.testing.assert_array_equal(drawn(5, seed=0), np.arange(5))
    places = drawn(100_000, seed=3)
    assert len(places) == len(set(places.tolist())) == 1500
    np.testing.assert_array_equal(places, np.sort(places))
    np.testing.assert_array_equal(places, drawn(100_000, seed=3))


def test_members_that_agree_are_told_from_members_that_do_not():
    rng = np.random.default_rng(0)
    order = rng.integers(2, 4, 60)
    common = rng.normal(size=60)
    agree = agreement(np.stack([common, common + 0.1 * rng.normal(size=60)]), order, rng)
    assert agree.value > agree.null_high
    assert agree.p_value < 0.01
    apart = agreement(rng.normal(size=(2, 60)), order, rng)
    assert apart.null_low < apart.value < apart.null_high
    assert agreement(np.zeros((2, 60)), order, rng) is None


def test_one_member_has_nobody_to_agree_with():
    rng = np.random.default_rng(2)
    one, order = rng.normal(size=60), np.full(60, 2)
    assert agreement(np.stack([one, np.zeros(60)]), order, rng) is None
    both = agreement(np.stack([one, one, np.zeros(60)]), order, rng)
    assert both.value == pytest.approx(np.sqrt(np.mean(one**2)))


def test_a_difference_that_the_order_alone_explains_is_no_agreement():
    rng = np.random.default_rng(1)
    order = np.repeat([2, 3], 30)
    by_order = np.where(order == 2, 0.0, 5.0)
    found = agreement(by_order + 0.1 * rng.normal(size=(2, 60)), order, rng)
    assert found.p_value > 0.05


def epoch(member, number, total):
    return {
        "member": member,
        "epoch": number,
        "epochs": 9,
        "terms": {"total": total},
        "metrics": {},
    }


def test_the_history_goes_on_where_an_earlier_attempt_ended():
    told = []
    history = History(
        lambda *event: told.append(event), [epoch(0, 1, 3.0), epoch(0, 2, 2.0), epoch(0, 3, 1.5)]
    )
    history(EventType.PROGRESS, {"fraction": 0.5})
    history(EventType.EPOCH, epoch(0, 3, 1.0))
    history(EventType.EPOCH, epoch(1, 1, 4.0))
    assert len(told) == 3
    assert [(p.member, p.epoch, p.terms["total"]) for p in history.epochs()] == [
        (0, 1, 3.0),
        (0, 2, 2.0),
        (0, 3, 1.0),
        (1, 1, 4.0),
    ]
