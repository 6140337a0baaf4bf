"""Evolutionary searches: what they may make, what they find, and that they find it again."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import parse_genotype
from service.contract.search import SearchSpec
from tests.worker.search.conftest import EDITS
from tests.worker.search.oracle import brute_force, covered
from worker.search import breeding
from worker.search.errors import SearchStoppedError
from worker.search.plan import plan_search
from worker.search.pool import EditPool
from worker.search.run import run_shard, search
from worker.search.tally import Watch


def spec_of(evolution=None, **changes):
    base = {"model_id": "m", "objectives": [{"label": "yield"}], "max_order": 4}
    given = {"proposal_count": 5, "strategy": "evolutionary", "evolution": evolution or {}}
    return SearchSpec.model_validate(base | given | changes)


def pool_of(seed, count, share):
    """Edits that stand together by chance; nothing else of a pool is read."""
    allowed = np.triu(np.random.default_rng(seed).random((count, count)) < share, 1)
    none = np.zeros(0, dtype=np.int64)
    return EditPool(
        tuple(range(count)), (), none, none, none, none, together_NN=allowed | allowed.T
    )


@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 5),
    share=st.sampled_from([0.3, 0.8, 1.0]),
)
def test_children_are_sets_that_may_stand_together(seed, size, share):
    pool, rng = pool_of(seed, 12, share), np.random.default_rng(seed)
    parents = breeding.random_sets(pool, 20, size, rng)
    children = {
        size: [
            parents,
            breeding.changed(pool, parents, rng),
            breeding.crossed(pool, parents, parents[::-1], rng),
        ],
        size + 1: [breeding.grown(pool, parents, rng)],
        size - 1: [breeding.shrunk(parents, rng)],
    }
    for length, groups in children.items():
        for sets in groups:
            assert sets.shape[1] == length
            assert (np.diff(sets, axis=1) > 0).all()
            assert pool.allowed(sets).all()


@given(seed=st.integers(0, 10**6), size=st.integers(1, 5))
def test_where_all_stand_together_children_are_near_their_parents(seed, size):
    pool, rng = pool_of(seed, 12, 1.0), np.random.default_rng(seed)
    one, other = (breeding.random_sets(pool, 30, size, rng) for _ in range(2))
    assert len(one) == 30
    for parent, child in zip(one.tolist(), breeding.grown(pool, one, rng).tolist(), strict=True):
        assert set(parent) < set(child)
    for parent, child in zip(one.tolist(), breeding.shrunk(one, rng).tolist(), strict=True):
        assert set(child) < set(parent)
    crossed = breeding.crossed(pool, one, other, rng).tolist()
    for first, second, child in zip(one.tolist(), other.tolist(), crossed, strict=True):
        assert set(child) <= set(first) | set(second)


@pytest.mark.parametrize("kind", ["additive", "forest", "gp", "mlp"])
def test_it_finds_the_best_of_a_space_that_it_can_go_through(models, kind):
    model = models(kind)
    spec = spec_of(
        {"designs": 2000, "population": 30},
        min_order=4,
        rank_by="mean",
        feasibility=[{"label": "fitness", "at_least": 0.9, "probability": 0.6}],
        pool={"forbidden_pairs": [["g0", "g1"]]},
    )
    report, found = search(spec, model.predictor)
    expected, _ = brute_force(spec, model, EDITS)
    assert [p.value for p in found] == pytest.approx([value for value, _ in expected[:5]])
    (order,) = report.orders
    assert order.evaluated_count + order.pruned_count == order.possible_count == math.comb(13, 4)


def test_constraints_hold_and_nothing_is_scored_twice(models):
    spec = spec_of(
        {"designs": 300, "population": 20},
        min_order=4,
        max_order=5,
        proposal_count=40,
        pool={"forbidden_pairs": [["g0", "g1"], ["g2:knockdown", "g3"]], "must_avoid": ["g4"]},
    )
    seen = []
    plan = plan_search(spec, models("forest").predictor)
    part = run_shard(plan, plan.shards[0], models("forest").predictor, Watch(seen.append))
    assert sum(seen) == sum(order.evaluated for order in part.orders) <= 300
    report, found = search(spec, models("forest").predictor)
    assert report.beam_recall == ()
    assert len({p.genotype for p in found}) == len(found) > 0
    for proposal in found:
        edits = parse_genotype(proposal.genotype).edits
        assert proposal.order == len(edits) in (4, 5)
        assert not any(covered("g4", edit) for edit in edits)
        for a, b in spec.pool.forbidden_pairs:
            assert not (any(covered(a, e) for e in edits) and any(covered(b, e) for e in edits))


def test_the_seed_decides_what_is_found(models):
    predictor = models("forest").predictor

    def found(seed):
        spec = spec_of({"designs": 60, "population": 8, "seed": seed}, min_order=4)
        report, proposals = search(spec, predictor)
        return report.orders, proposals

    assert found(3) == found(3)
    assert found(3) != found(4)


def test_the_budget_and_the_stop_rule_end_it(models):
    predictor = models("additive").predictor
    for designs in (1, 57, 200):
        spec = spec_of({"designs": designs, "population": 10, "patience": 1000}, min_order=4)
        report, _ = search(spec, predictor)
        assert sum(order.evaluated_count for order in report.orders) == designs
    spec = spec_of({"designs": 10**8, "population": 10, "patience": 1, "restarts": 0}, min_order=4)
    report, _ = search(spec, predictor)
    assert report.orders[0].evaluated_count < math.comb(len(EDITS), 4)


def test_it_says_how_many_of_the_best_pairs_and_triples_it_reached(models):
    spec = spec_of({"designs": 40, "population": 4, "patience": 2, "restarts": 0})
    report, found = search(spec, models("quadratic").predictor)
    _, exact = search(spec_of(strategy="batched", max_order=3), models("quadratic").predictor)
    pairs, triples = report.beam_recall
    assert (pairs.order, triples.order, triples.best_count) == (2, 3, 100)
    assert 0 <= pairs.found_count + triples.found_count <= 40
    # Pairs and triples are those of going through all, whatever evolution reached.
    best = [p.value for p in exact]
    assert [p.value for p in found if p.order < 4] == best[: sum(p.order < 4 for p in found)]


def test_it_hears_that_it_is_to_stop(models):
    predictor = models("additive").predictor
    plan = plan_search(spec_of(), predictor)
    with pytest.raises(SearchStoppedError):
        run_shard(plan, plan.shards[0], predictor, Watch(should_stop=lambda: True))
