"""Searches against brute force: every kind of model, every strategy that it allows."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError
from service.contract.search import SearchSpec
from tests.worker.search.conftest import EDITS, KINDS, LATENT
from tests.worker.search.oracle import brute_force, worth
from worker.search.run import search

QUICK = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
LEVELS = ("g0:knockdown@0.3", "g1:overexpression@3", "g3:insertion=a@0.5")
OBJECTIVE = st.fixed_dictionaries(
    {"direction": st.sampled_from(["maximize", "minimize"]), "weight": st.sampled_from([0.5, 2.0])}
)


@st.composite
def specs(draw):
    labels = draw(st.sampled_from([["fitness"], ["yield"], ["yield", "fitness"]]))
    edits = draw(st.lists(st.sampled_from(EDITS + LEVELS), min_size=6, unique=True))
    fixed = draw(st.sampled_from([(), (), ("g4:knockdown",), ("g4:deletion@0.2", "g9:allele")]))
    fixed = tuple(text for text in fixed if not text.startswith("g9"))
    parents = ["", "", "g3:knockdown", "g3:knockdown@0.5"]  # the largest order times two: 4 edits
    low = draw(st.integers(1, 2))
    feasibility = draw(
        st.sampled_from(
            [
                [],
                [{"label": "fitness", "at_least": 0.9, "probability": 0.8}],
                [{"label": "yield", "at_least": 0.2, "at_most": 1.6, "probability": 0.6}],
            ]
        )
    )
    return {
        "model_id": "m",
        "objectives": [{"label": name} | draw(OBJECTIVE) for name in labels],
        "feasibility": feasibility,
        "background": draw(st.sampled_from(parents)),
        "rank_by": draw(st.sampled_from(["mean", "lower_bound"])),
        "pool": {
            "edits": list(dict.fromkeys([*edits, *fixed])),
            "must_include": fixed,
            "must_avoid": draw(st.sampled_from([(), ("g2",), ("g2:allele=ts", "g0:knockdown")])),
            "forbidden_pairs": draw(st.sampled_from([(), (("g0", "g1"), ("g2:knockdown", "g3"))])),
        },
        "min_order": low,
        "max_order": draw(st.integers(max(low, len(fixed)), 3)),
        "proposal_count": draw(st.integers(1, 4)),
    }


@pytest.mark.parametrize("kind", KINDS)
@QUICK
@given(spec=specs(), data=st.data(), shards=st.integers(1, 5))
def test_the_best_are_those_of_brute_force(models, kind, spec, data, shards):
    model = models(kind)
    strategies = ["batched", "beam"] + ["screen"] * (kind in LATENT)
    strategy = data.draw(st.sampled_from(strategies))
    spec = SearchSpec.model_validate(spec | {"strategy": strategy})
    expected, infeasible = brute_force(spec, model, spec.pool.edits)
    try:
        report, found = search(spec, model.predictor, shard_count=shards)
    except InvalidArgumentError:
        parent = parse_genotype(spec.background).order
        orders = {design.order - parent for _, design in expected}
        assert spec.max_order not in orders or len(expected) < spec.proposal_count
        return
    assert sum(order.infeasible_count for order in report.orders) == infeasible
    assert sum(order.evaluated_count for order in report.orders) == len(expected) + infeasible
    assert len(found) == min(spec.proposal_count, len(expected))
    names = [label.name for label in model.predictor.manifest.labels]
    for proposal, (value, _) in zip(found, expected, strict=False):
        design = parse_genotype(proposal.genotype)
        assert design in [one for _, one in expected]
        (read,) = model.readings([design])
        assert math.isclose(worth(spec, names, [c for c, _ in read]), value, rel_tol=1e-9)
        assert math.isclose(proposal.value, value, rel_tol=1e-9, abs_tol=1e-11)  # terms of up to 4
    assert len({proposal.genotype for proposal in found}) == len(found)
