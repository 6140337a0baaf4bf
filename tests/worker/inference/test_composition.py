"""Composed states of a trained ensemble: laws, what is refused, what comes with a design."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load

from service.contract.algebra import ComposeRequest
from service.contract.designs import parse_genotype
from service.contract.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidDesignError,
    UnknownEditsError,
)
from tests.worker.inference.permuted import packed, permuted_model, with_members_permuted
from worker.inference.composition import compose_designs
from worker.inference.predictor import Predictor

LATENT = pytest.mark.parametrize("trained", ["perturbation_set"], indirect=True)
EDITS = [f"g{i}:knockdown" for i in range(8)]
KEYS = st.lists(st.sampled_from(EDITS), unique=True, max_size=5)
QUICK = settings(max_examples=12, suppress_health_check=list(HealthCheck))
A, B, C, D = EDITS[:4]


@pytest.fixture(scope="session")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest, model_id="model-1")


def ask(predictor, operation, *designs, **options):
    request = ComposeRequest(operation=operation, designs=designs, **options)
    return compose_designs(predictor, request)


def near(one, other):
    """Whether two answers tell the same of the states, but for rounding."""
    values = [[_numbers(state.model_dump()) for state in answer.states] for answer in (one, other)]
    np.testing.assert_allclose(*values, rtol=1e-8, atol=1e-9)
    texts = [[state.design and state.design.genotype for state in a.states] for a in (one, other)]
    assert texts[0] == texts[1]


def _numbers(value):
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [float(value)] if isinstance(value, int | float) else []


@LATENT
@QUICK
@given(keys=KEYS, cut=st.integers(0, 5), data=st.data())
def test_composing_is_commutative_and_of_any_parts(predictor, keys, cut, data):
    parts = ["+".join(keys[:cut]), "+".join(keys[cut:])]
    whole = ask(predictor, "compose", "+".join(keys), with_latents=True)
    near(ask(predictor, "compose", *parts, with_latents=True), whole)
    near(ask(predictor, "compose", *parts[::-1], with_latents=True), whole)
    permuted = data.draw(st.permutations(keys))
    near(ask(predictor, "compose", *permuted or [""], with_latents=True), whole)


@LATENT
@QUICK
@given(keys=KEYS, cut=st.integers(0, 5))
def test_subtracting_undoes_composing(predictor, keys, cut):
    rest, part = "+".join(keys[:cut]), "+".join(keys[cut:])
    undone = ask(predictor, "subtract", "+".join(keys), part, with_latents=True)
    near(undone, ask(predictor, "compose", rest, with_latents=True))


@LATENT
def test_an_analogy_with_itself_is_where_it_started(predictor):
    a, b = f"{A}+{B}", C
    for designs in ([a, b, b], [b, b, a]):
        found = ask(predictor, "analogy", *designs, with_latents=True)
        near(found, ask(predictor, "compose", a, with_latents=True))


@LATENT
def test_an_interpolation_goes_straight_from_end_to_end(predictor):
    answer = ask(predictor, "interpolate", f"{A}+{B}", C, steps=4, with_latents=True)
    assert [state.position for state in answer.states] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [s.design.genotype if s.design else None for s in answer.states] == [
        f"{A}+{B}",
        None,
        None,
        C,
    ]
    z_SMD = np.array([[member.values for member in s.latents] for s in answer.states])
    np.testing.assert_allclose(np.diff(z_SMD, n=2, axis=0), 0, atol=1e-12)
    for place, end in ((0, f"{A}+{B}"), (3, C)):
        alone = ask(predictor, "compose", end, with_latents=True)
        end_state = answer.model_copy(
            update={"states": [answer.states[place].model_copy(update={"position": None})]}
        )
        near(end_state, alone)
    same = ask(predictor, "interpolate", A, A, steps=3)
    assert [state.design.genotype for state in same.states] == [A] * 3


@LATENT
def test_nothing_composed_is_the_reference(predictor):
    for answer in (
        ask(predictor, "compose", "", with_latents=True),
        ask(predictor, "subtract", A, A, with_latents=True),
    ):
        (state,) = answer.states
        z_W_MD = predictor.latents([parse_genotype("")]).z_W_MD
        np.testing.assert_allclose([m.values for m in state.latents], z_W_MD, atol=1e-15)
        assert state.design.genotype == ""
        assert state.design.composition_residual is None
        assert [label.difference for label in state.design.labels] == [0, 0]
        assert [label.permutation_null for label in state.design.labels] == [None, None]
        assert (state.nearest[0].genotype, state.nearest[0].distance) == ("", 0)
    (state,) = ask(predictor, "compose", "", metric="cosine").states
    assert state.nearest is None


@LATENT
def test_a_design_is_told_what_its_score_says(predictor):
    genotype = f"{A}+{B}@0.5"
    (state,) = ask(predictor, "compose", A, f"{B}@0.5").states
    scored = predictor.score([genotype])
    for label, reading, score in zip(state.labels, state.design.labels, scored.labels, strict=True):
        assert (label.mean, reading.y_compose) == (score.y_compose[0],) * 2
        assert (reading.y_intact, reading.y_intact_sd) == (score.mean[0], score.sd[0])
        assert reading.difference == pytest.approx(score.y_intact[0] - score.y_compose[0])
        assert reading.expected_neutral == score.expected_neutral[0]
        assert reading.interaction == score.interaction[0]
        assert reading.neutral_source == score.neutral_source[0]
        assert label.sd == pytest.approx(np.std(label.member_values, ddof=1))


@LATENT
def test_a_state_that_is_no_design_is_read_all_the_same(predictor):
    (state,) = ask(predictor, "subtract", A, f"{A}+{B}").states
    assert state.design is None
    assert f"{B} is taken away" in state.no_design_reason
    readings = predictor.readings([parse_genotype(""), parse_genotype(B)])
    reference, with_b = readings[0].compose_MBY.mean(axis=0)
    # What B takes from the reference, its negative gives to it.
    assert (state.labels[0].mean - reference) * (with_b - reference) < 0


@LATENT
def test_measured_designs_come_with_their_values(trained, predictor):
    _, genotypes = trained
    design = next(text for text in genotypes if text.count("+") == 1)
    answer = ask(predictor, "compose", *design.split("+"), nearest_count=3)
    assert answer.measured.model_dump() == {
        "dataset_id": "set-1",
        "table_sha256": "b" * 64,
        "design_count": len(set(genotypes_of(genotypes))),
    }
    first, *others = answer.states[0].nearest
    assert first.genotype == parse_genotype(design).genotype
    assert first.distance == pytest.approx(0, abs=1e-12)
    assert first.row_count == genotypes_of(genotypes).count(first.genotype)
    assert [label.unit for label in first.labels] == ["mg/L", "relative"]
    titer, fitness = (label.value for label in first.labels)
    if first.row_count == 1:
        assert fitness == pytest.approx(np.exp(0.2 * (np.log(titer) - 4)))
    assert 0 < others[0].distance <= others[1].distance
    none = ask(predictor, "compose", A, nearest_count=0)
    assert none.states[0].nearest is None


def genotypes_of(texts):
    return [parse_genotype(text).genotype for text in texts]


@LATENT
def test_the_same_request_has_the_same_answer_and_the_seed_moves_p_alone(predictor):
    first = ask(predictor, "compose", A, B)
    assert ask(predictor, "compose", A, B) == first
    other = ask(predictor, "compose", A, B, seed=1)
    assert without_p(other) == without_p(first)
    null = first.states[0].design.labels[0].permutation_null
    assert (null.permutation_count, null.design_count) == (999, 28)
    assert 1 / 1000 <= null.p_value <= 1
    assert (
        ask(predictor, "compose", A, B, permutations=0).states[0].design.labels[0].permutation_null
        is None
    )


def without_p(answer):
    return json.loads(answer.model_dump_json(), object_hook=lambda item: {**item, "p_value": None})


@LATENT
@pytest.mark.parametrize("order", [[2, 0, 1]])
def test_the_order_of_members_changes_nothing(trained, predictor, order):
    other = Predictor.load(*with_members_permuted(trained[0], order), model_id="model-1")
    (one,), (two,) = (
        ask(each, "subtract", f"{A}+{B}", C, metric="cosine").states for each in (predictor, other)
    )
    for label, permuted in zip(one.labels, two.labels, strict=True):
        assert permuted.member_values == [label.member_values[place] for place in order]
        assert (permuted.mean, permuted.sd) == pytest.approx((label.mean, label.sd))
    assert [n.genotype for n in one.nearest] == [n.genotype for n in two.nearest]


@LATENT
def test_the_order_of_the_models_edits_changes_nothing(trained, predictor):
    other = Predictor.load(*permuted_model(trained[0], [3, 1, 0, 2, 7, 6, 5, 4]))
    near(ask(other, "analogy", f"{A}+{B}", B, C), ask(predictor, "analogy", f"{A}+{B}", B, C))


@LATENT
def test_a_model_that_kept_no_designs_has_no_neighbors(trained):
    tensors = {k: v for k, v in load(trained[0].weights).items() if not k.startswith("designs.")}
    answer = ask(Predictor.load(*packed(trained[0], tensors)), "compose", A, B)
    assert answer.measured is None
    assert answer.states[0].nearest is None
    assert answer.states[0].design.labels[0].permutation_null is None


@pytest.mark.parametrize("trained", ["additive"], indirect=True)
def test_a_model_without_a_latent_space_says_which_have_one(predictor):
    with pytest.raises(
        FailedPreconditionError, match=r"additive.*perturbation_set, gene_graph and set_transformer"
    ):
        ask(predictor, "compose", A, B)


@LATENT
def test_edits_that_cannot_be_in_one_strain_are_all_named(predictor):
    with pytest.raises(InvalidDesignError, match="cannot be one strain") as caught:
        ask(predictor, "compose", f"{A}+{B}", f"{A}@0.5+{C}", f"{C}+{D}")
    assert [(each.field, each.value) for each in caught.value.offenders] == [
        ("designs[1]", f"{A}@0.5"),
        ("designs[2]", C),
    ]
    # Elsewhere two of them are a state all the same, and no design.
    (state,) = ask(predictor, "analogy", A, "", f"{A}@0.5").states
    assert "exclude each other" in state.no_design_reason


@LATENT
def test_unknown_edits_are_all_named(predictor):
    with pytest.raises(UnknownEditsError) as caught:
        ask(predictor, "compose", "g9:knockdown", A, "g0:deletion")
    assert [each.field for each in caught.value.offenders] == ["designs[0]", "designs[2]"]


@LATENT
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_levels_out_of_range_give_no_number(predictor):
    for genotypes in ([f"{A}@-1e200"], [f"{A}@-1e308", f"{B}@-1e308"]):
        with pytest.raises(InvalidDesignError, match="no finite number"):
            ask(predictor, "compose", *genotypes)


@LATENT
def test_past_its_deadline_nothing_is_done(predictor):
    request = ComposeRequest(operation="compose", designs=[A])
    with pytest.raises(DeadlineExceededError):
        compose_designs(predictor, request, deadline_unix_seconds=0.0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"operation": "subtract", "designs": [A]}, "subtract takes 2 designs, and these are 1"),
        ({"operation": "analogy", "designs": [A, B]}, "analogy takes 3 designs"),
        ({"operation": "interpolate", "designs": [A] * 3}, "interpolate takes 2 designs"),
        ({"operation": "compose", "designs": [A], "steps": 3}, "steps are of interpolate"),
        ({"operation": "compose", "designs": [A] * 21}, "at most 20"),
        ({"operation": "interpolate", "designs": [A, B], "steps": 22}, "less than or equal to 21"),
        ({"operation": "compose", "designs": ["+".join([A] * 60)] * 2}, "120 edits.*100 are the"),
        ({"operation": "multiply", "designs": [A]}, "'compose', 'subtract'"),
    ],
)
def test_requests_that_make_no_sense(body, message):
    with pytest.raises(ValueError, match=message):
        ComposeRequest.model_validate(body)
