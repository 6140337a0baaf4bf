"""Shards, their parts as bytes, what is chosen of them, and how the chosen are checked."""

import statistics
from dataclasses import replace
from math import comb

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError
from service.contract.search import SearchSpec
from tests.worker.search.conftest import EDITS, LATENT
from tests.worker.search.oracle import brute_force, worth
from worker.search import kernel
from worker.search.errors import SearchStoppedError
from worker.search.parts import Part
from worker.search.plan import plan_search
from worker.search.run import finish, run_shard, search
from worker.search.tally import Watch

BOTH = [{"label": "yield"}, {"label": "fitness", "direction": "minimize"}]


def spec_of(**changes):
    base = {"model_id": "m", "objectives": [{"label": "yield"}], "max_order": 3}
    return SearchSpec.model_validate(base | {"proposal_count": 12} | changes)


@pytest.mark.parametrize(
    ("kind", "strategy"), [("gp", "batched"), ("train_mean", "batched"), ("mlp", "screen")]
)
def test_shards_and_the_order_of_their_parts_change_nothing(models, kind, strategy):
    predictor = models(kind).predictor
    spec = spec_of(objectives=BOTH, pareto=True, diversity=0.3, strategy=strategy)
    whole_report, whole = search(spec, predictor, shard_count=1)
    for shards in (2, 5):
        plan = plan_search(spec, predictor, shard_count=shards)
        assert len(plan.shards) == shards
        assert sum(shard.design_count for shard in plan.shards) == plan.design_count
        stored = [run_shard(plan, shard, predictor).to_bytes() for shard in plan.shards]
        report, found = finish(plan, [Part.from_bytes(b) for b in stored[::-1]], predictor)
        assert found == whole
        assert report.orders == whole_report.orders
        assert report.shrinkage == whole_report.shrinkage


def test_a_part_comes_back_from_its_bytes(models):
    predictor = models("additive").predictor
    plan = plan_search(spec_of(objectives=BOTH, pareto=True, strategy="beam"), predictor)
    part = run_shard(plan, plan.shards[0], predictor)
    again = Part.from_bytes(part.to_bytes())
    assert (again.plan, again.shard, again.seconds) == (part.plan, part.shard, part.seconds)
    for one, other in zip(part.orders, again.orders, strict=True):
        assert one.beam_found == other.beam_found
        assert (one.order, one.evaluated, one.pruned) == (
            other.order,
            other.evaluated,
            other.pruned,
        )
        for name, array in one.arrays().items():
            assert np.array_equal(array, other.arrays()[name])


def test_parts_that_are_missing_double_or_of_another_search_are_refused(models):
    predictor = models("additive").predictor
    plan = plan_search(spec_of(strategy="batched"), predictor, shard_count=3)
    parts = [run_shard(plan, shard, predictor) for shard in plan.shards]
    for wrong in (parts[:2], [*parts, parts[0]]):
        with pytest.raises(InvalidArgumentError, match="has 3 shards, and the parts are of"):
            finish(plan, wrong, predictor)
    other = plan_search(spec_of(strategy="batched", caution=2), predictor, shard_count=3)
    with pytest.raises(InvalidArgumentError, match="another search"):
        finish(other, parts, predictor)


def test_every_kernel_that_has_screened_is_named(models):
    predictor = models("mlp").predictor
    plan = plan_search(spec_of(strategy="screen"), predictor, shard_count=2)
    parts = [run_shard(plan, shard, predictor) for shard in plan.shards]
    on_cpu = parts[0].orders[0].kernel
    last = replace(parts[1].orders[-1], kernel="triton")
    parts[1] = replace(parts[1], orders=(*parts[1].orders[:-1], last))
    report, _ = finish(plan, parts, predictor)
    assert report.kernel == f"{on_cpu}, triton"


def test_a_shard_tells_how_far_it_is_and_stops_when_asked(models):
    predictor = models("additive").predictor
    plan = plan_search(spec_of(strategy="batched"), predictor, shard_count=1)
    seen: list[int] = []
    run_shard(plan, plan.shards[0], predictor, Watch(seen.append))
    assert sum(seen) == plan.design_count == 13 + 78 + 286
    with pytest.raises(SearchStoppedError):
        run_shard(plan, plan.shards[0], predictor, Watch(should_stop=lambda: True))


def test_counts_add_up_to_the_binomial(models):
    report, _ = search(spec_of(), models("additive").predictor)
    counts = [(o.possible_count, o.evaluated_count, o.excluded_count) for o in report.orders]
    # Pairs that exclude each other: at g0 one, at g1 one, at g2 one (two alleles), at g3 one, at
    # g4 one. Triples hold one of these five pairs and one of eleven other edits; none holds two.
    assert counts == [(13, 13, 0), (78, 73, 5), (286, 286 - 55, 55)]


def test_what_a_screen_prunes_is_counted_apart(models, monkeypatch):
    """The count of designs from on which it pays is that of large searches."""
    monkeypatch.setattr(kernel, "_PRUNED_UNITS", 0)
    predictor = models("mlp").predictor
    edits = [f"g{i}:knockdown@0.{level}" for i in range(5) for level in range(1, 8)]
    spec = spec_of(strategy="screen", pool={"edits": edits}, proposal_count=3)
    plan = replace(plan_search(spec, predictor, shard_count=3), keep=5)
    seen: list[int] = []
    parts = [run_shard(plan, shard, predictor, Watch(seen.append)) for shard in plan.shards]
    report, found = finish(plan, [Part.from_bytes(part.to_bytes()) for part in parts], predictor)
    for order in report.orders:
        decided = order.evaluated_count + order.pruned_count
        assert decided + order.excluded_count == order.possible_count
    assert report.orders[-1].pruned_count > 0.5 * report.orders[-1].possible_count
    assert sum(seen) == plan.design_count
    monkeypatch.undo()
    assert found == search(spec, predictor)[1]


def front_of(model, designs, goals=BOTH):
    """Genotypes that no other is at least as good as by the mean of both labels."""
    names = [label.name for label in model.predictor.manifest.labels]
    single = [spec_of(objectives=[goal], rank_by="mean") for goal in goals]
    terms = {}
    for design in designs:
        read = [composed for composed, _ in model.readings([design])[0]]
        terms[design.genotype] = tuple(worth(one, names, read) for one in single)
    front, second = set(), -np.inf
    for genotype, (_, b) in sorted(terms.items(), key=lambda item: item[1], reverse=True):
        if b > second:
            front.add(genotype)
            second = b
    return front


ROUNDING = 1e-12


def test_the_front_of_a_screen_is_that_of_float64(models):
    """Levels that differ by 1e-9 make no difference in float32, and members of the front."""
    model = models("quadratic")
    goals = [{"label": "yield"}, {"label": "fitness"}]
    levels = (*(f"0.{n}" for n in range(1, 7)), *(f"0.{n}00000001" for n in range(1, 7)))
    edits = [f"g{i}:knockdown@{level}" for i in range(5) for level in levels]
    spec = spec_of(
        objectives=goals,
        pareto=True,
        rank_by="mean",
        pool={"edits": edits},
        min_order=2,
        max_order=2,
        strategy="screen",
    )
    ranked, _ = brute_force(spec, model, edits)
    front = front_of(model, [design for _, design in ranked], goals)
    plan = plan_search(spec, model.predictor)
    (order,) = run_shard(plan, plan.shards[0], model.predictor).orders
    assert len(front) > 100
    found = {plan.pool.design(row).genotype for row in order.front.set_QR.tolist()}
    # Two ways to sum in float64 part by 1e-13: they may decide otherwise on what is that near.
    assert len(found ^ front) <= 0.02 * len(front)
    genotypes = [design.genotype for _, design in ranked]
    labels = {label.name: label.mean for label in model.predictor.score(genotypes).labels}
    value_DG = np.column_stack([labels[goal["label"]] for goal in goals])
    for genotype in found ^ front:
        lead_DG = value_DG - value_DG[genotypes.index(genotype)]
        is_rival_D = (lead_DG > -ROUNDING).all(axis=1) & (np.abs(lead_DG) < ROUNDING).any(axis=1)
        assert is_rival_D.sum() > 1  # itself, and one that is as good but for rounding


@pytest.mark.parametrize("kind", ["quadratic", "gp"])
def test_the_front_comes_first_and_every_order_has_its_best(models, kind):
    model = models(kind)
    spec = spec_of(objectives=BOTH, pareto=True, proposal_count=60, rank_by="mean")
    ranked, _ = brute_force(spec, model, EDITS)
    front = front_of(model, [design for _, design in ranked])
    _, found = search(spec, model.predictor)
    assert {p.genotype for p in found if p.is_pareto} == front
    assert [p.is_pareto for p in found] == [True] * len(front) + [False] * (60 - len(front))
    each = spec_of(objectives=BOTH, per_order=True, proposal_count=9, rank_by="mean")
    _, found = search(each, model.predictor)
    for order in (1, 2, 3):
        best = [value for value, design in ranked if design.order == order][:9]
        values = [p.value for p in found if p.order == order]
        np.testing.assert_allclose(values, best, rtol=1e-9)
    assert [p.value for p in found] == sorted([p.value for p in found], reverse=True)


def test_the_check_reads_the_whole_ensemble_at_both_states(models):
    model = models("mlp")
    labels = [label.name for label in model.predictor.manifest.labels]
    spec = spec_of(
        objectives=[{"label": "epsilon"}], feasibility=[{"label": "yield", "at_least": 0.5}]
    )
    report, found = search(spec, model.predictor)
    checks = []
    for place, proposal in enumerate(found, start=1):
        design = parse_genotype(proposal.genotype)
        ((*read,),) = model.readings([design])
        answer = model.predictor.score([proposal.genotype])
        checks.append(worth(spec, labels, [intact for _, intact in read]))
        assert proposal.rank == place
        assert proposal.check_value == pytest.approx(checks[-1], rel=1e-9)
        for label, (compose, _), scored in zip(proposal.labels, read, answer.labels, strict=True):
            assert label.compose_mean == pytest.approx(statistics.fmean(compose), rel=1e-9)
            assert label.compose_sd == pytest.approx(statistics.stdev(compose), rel=1e-6)
            assert label.intact_mean == pytest.approx(scored.mean[0], rel=1e-9)
            assert label.intact_sd == pytest.approx(scored.sd[0], rel=1e-6)
            assert label.expected_neutral == pytest.approx(scored.expected_neutral[0], rel=1e-9)
            assert label.interaction == pytest.approx(scored.interaction[0], abs=1e-9)
            above = label.compose_mean - label.expected_neutral
            assert label.sign_disagrees == (above * label.interaction < 0)
        assert proposal.design_support == answer.support.design_count[0]
        assert proposal.pair_support == answer.support.pair_count_min[0]
        assert proposal.is_new_combination == (proposal.pair_support == 0)
    order = sorted(range(len(found)), key=lambda i: -checks[i])
    assert [found[i].check_rank for i in order] == list(range(1, len(found) + 1))
    (curse,) = report.shrinkage
    assert curse.label == "epsilon"
    for proposal in found:
        (label,) = [one for one in proposal.labels if one.name == "epsilon"]
        line = curse.center + curse.slope * (label.compose_mean - curse.chosen_center)
        assert label.shrunk_mean == pytest.approx(line)
        assert all(one.shrunk_mean is None for one in proposal.labels if one.name != "epsilon")


@pytest.mark.parametrize("kind", ["gp", "mlp"])
def test_the_curse_is_what_the_other_half_does_not_see(models, kind):
    model = models(kind)
    strategy = "screen" if kind in LATENT else "batched"
    spec = spec_of(rank_by="mean", proposal_count=20, strategy=strategy)
    report, _ = search(spec, model.predictor)
    ranked, _ = brute_force(spec, model, EDITS)
    reads = [model.readings([design])[0][1][0] for _, design in ranked]
    halves = [(np.mean(read[::2]), np.mean(read[1::2])) for read in reads]
    first, second = np.array(sorted(halves, reverse=True)[:20]).T
    (curse,) = report.shrinkage
    assert curse.design_count == 20
    assert curse.chosen_center == pytest.approx(first.mean())
    assert curse.center == pytest.approx(second.mean())
    assert curse.slope == pytest.approx(np.clip(np.polyfit(first, second, 1)[0], 0, 1), abs=1e-6)


def test_small_ensembles_have_no_shrinkage(models):
    report, found = search(spec_of(), models("additive", members=2).predictor)
    assert report.shrinkage == ()
    assert found[0].labels[0].shrunk_mean is None


def test_fewer_good_designs_than_asked_for_are_said(models):
    spec = spec_of(feasibility=[{"label": "yield", "at_least": 1.5}], proposal_count=300)
    report, found = search(spec, models("additive").predictor)
    infeasible = sum(order.infeasible_count for order in report.orders)
    assert 0 < len(found) == 317 - infeasible < 300
    assert report.notes == (
        f"{len(found)} designs are proposed, not 300: of 317 evaluated, {len(found)} are good "
        "enough.",
    )


def test_a_narrow_beam_says_how_many_of_the_best_it_found(models):
    spec = spec_of(strategy="beam", beam_width=1, proposal_count=5)
    report, found = search(spec, models("quadratic").predictor)
    _, exact = search(spec_of(strategy="batched", proposal_count=5), models("quadratic").predictor)
    assert [p.genotype for p in found] == [p.genotype for p in exact]
    (pairs, triples) = report.beam_recall
    assert (pairs.order, pairs.best_count, triples.best_count) == (2, 73, 100)
    # One single edit alive, and the pairs of it: 12, but for the one that it excludes.
    assert pairs.found_count == 11
    assert 0 < triples.found_count <= 11


def test_shards_are_as_large_as_a_worker_takes_in_a_while(models):
    plan = plan_search(spec_of(proposal_count=10), models("additive").predictor)
    assert len(plan.shards) == 1
    many = [f"g{i}:knockdown@0.{level:03d}" for i in range(5) for level in range(60)]
    large = spec_of(pool={"edits": many}, min_order=3, strategy="batched")
    plan = plan_search(large, models("additive").predictor)
    assert plan.design_count == comb(300, 3) == 4_455_100
    assert len(plan.shards) == 18
    counts = [shard.design_count for shard in plan.shards]
    # A shard is a range of first edits: the largest edit has comb(299, 2) = 44,551 designs.
    assert max(counts) - 4_455_100 / 18 < 44_551
    edges = [shard.begin for shard in plan.shards] + [plan.shards[-1].end]
    assert edges == [0, *(shard.end for shard in plan.shards)]
