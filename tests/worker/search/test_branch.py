"""Searches by branch and bound against brute force, and what they say of themselves.

numba compiles the tree for most of a minute, once an installation.
"""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError
from service.contract.search import SearchSpec
from tests.worker.search.conftest import EDITS, LATENT
from tests.worker.search.oracle import brute_force
from worker.search.errors import SearchStoppedError
from worker.search.parts import Part
from worker.search.plan import plan_search
from worker.search.run import finish, run_shard, search
from worker.search.tally import Watch

pytestmark = pytest.mark.timeout(600)

QUICK = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
LEVELS = tuple(f"@0.{level}" for level in range(1, 9))
LIMITS = (
    [],
    [{"label": "fitness", "at_least": 0.9, "probability": 0.8}],
    [{"label": "yield", "at_least": 0.2, "at_most": 1.6, "probability": 0.6}],
)


def spec_of(**changes):
    base = {"model_id": "m", "objectives": [{"label": "yield"}], "max_order": 4}
    given = {"proposal_count": 5, "strategy": "branch_and_bound", "beam_width": 3}
    return SearchSpec.model_validate(base | given | changes)


@st.composite
def specs(draw):
    names = draw(st.sampled_from([["fitness"], ["yield"], ["yield", "fitness"], ["epsilon"]]))
    directions = st.sampled_from(["maximize", "minimize"])
    low = draw(st.integers(1, 4))
    edits = draw(st.lists(st.sampled_from(EDITS), min_size=8, unique=True))
    fixed = draw(st.sampled_from([(), ("g4:knockdown",)]))
    return spec_of(
        objectives=[{"label": name, "direction": draw(directions)} for name in names],
        feasibility=draw(st.sampled_from(LIMITS)),
        rank_by=draw(st.sampled_from(["mean", "lower_bound"])),
        pool={
            "edits": list(dict.fromkeys([*edits, *fixed])),
            "must_include": fixed,
            "forbidden_pairs": draw(st.sampled_from([(), (("g0", "g1"),)])),
        },
        min_order=low,
        max_order=draw(st.integers(low, 5)),
        proposal_count=draw(st.integers(1, 9)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", LATENT)
@QUICK
@given(spec=specs())
def test_the_best_are_those_of_brute_force(models, kind, spec):
    model = models(kind)
    expected, _ = brute_force(spec, model, spec.pool.edits)
    try:
        report, found = search(spec, model.predictor)
    except InvalidArgumentError:
        return
    assert report.proof.is_proven
    assert report.proof.gap is None
    assert len(found) == min(spec.proposal_count, len(expected))
    for proposal, (value, _) in zip(found, expected, strict=False):
        assert math.isclose(proposal.value, value, rel_tol=1e-9, abs_tol=1e-12)
    designs = [design.genotype for _, design in expected]
    assert len({proposal.genotype for proposal in found} & set(designs)) == len(found)
    for order in report.orders:
        assert order.evaluated_count + order.pruned_count == order.possible_count


@pytest.mark.slow
def test_pruned_and_evaluated_are_all_designs_and_few_are_evaluated(models):
    edits = [f"g{i}:knockdown{level}" for i in range(5) for level in ("", *LEVELS)]
    spec = spec_of(min_order=4, proposal_count=3, pool={"edits": edits})
    report, _ = search(spec, models("mlp").predictor)
    (order,) = report.orders
    assert order.possible_count == math.comb(45, 4)
    assert order.evaluated_count + order.pruned_count == order.possible_count
    assert 3 <= order.evaluated_count < 0.02 * order.possible_count
    assert report.proof.is_proven


@pytest.mark.slow
@pytest.mark.parametrize("per_order", [True, False])
def test_a_spent_budget_leaves_a_gap_that_holds(models, per_order):
    model = models("mlp")
    spec = spec_of(
        branch_and_bound={"nodes": 1}, beam_width=1, min_order=4, max_order=5, per_order=per_order
    )
    report, found = search(spec, model.predictor)
    expected, _ = brute_force(spec, model, EDITS)
    assert not report.proof.is_proven
    worst = {}
    for order in (4, 5):
        own = [p.value for p in found if p.order == order or not per_order]
        looked = {p.genotype for p in found}
        others = [v for v, d in expected if d.order == order and d.genotype not in looked]
        worst[order] = max(others) - min(own)
    assert report.proof.gap >= max(worst.values())
    assert report.proof.bound_left >= expected[-1][0]


@pytest.mark.slow
def test_what_a_part_says_of_its_tree_comes_back_from_its_bytes(models):
    predictor = models("mlp").predictor
    plan = plan_search(spec_of(branch_and_bound={"nodes": 1}), predictor)
    (shard,) = plan.shards
    passed = []
    part = run_shard(plan, shard, predictor, Watch(passed.append))
    again = Part.from_bytes(part.to_bytes())
    assert [(o.nodes, o.bound_left) for o in again.orders] == [
        (o.nodes, o.bound_left) for o in part.orders
    ]
    assert finish(plan, [again], predictor)[1] == finish(plan, [part], predictor)[1]
    assert 0 <= sum(passed) <= plan.expected_count


@pytest.mark.slow
def test_a_whole_tree_tells_of_all_designs_and_hears_that_it_is_to_stop(models):
    predictor = models("mlp").predictor
    plan = plan_search(spec_of(), predictor)
    passed = []
    run_shard(plan, plan.shards[0], predictor, Watch(passed.append))
    assert sum(passed) == plan.expected_count == plan.design_count
    with pytest.raises(SearchStoppedError):
        run_shard(plan, plan.shards[0], predictor, Watch(should_stop=lambda: True))


def test_a_model_without_a_latent_space_is_refused_with_what_works(models):
    with pytest.raises(InvalidArgumentError, match="kind gp has no latent space to bound; take"):
        plan_search(spec_of(), models("gp").predictor)


def test_a_front_is_refused():
    both = [{"label": "yield"}, {"label": "fitness"}]
    with pytest.raises(ValidationError, match="branch_and_bound has no bounds of a front"):
        spec_of(objectives=both, pareto=True)


@pytest.mark.slow
def test_diversity_chooses_among_as_many_as_a_full_search_keeps(models):
    model = models("quadratic")
    changes = {"diversity": 0.5, "max_order": 3}
    _, found = search(spec_of(**changes), model.predictor)
    _, exact = search(spec_of(strategy="batched", **changes), model.predictor)
    assert [p.genotype for p in found] == [p.genotype for p in exact]
    assert parse_genotype(found[0].genotype).order == found[0].order
