"""Scores: laws, refusals, columns, neutral expectation, support."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.designs import parse_genotype
from service.contract.errors import BrokenArtifactError, FailedPreconditionError, UnknownEditsError
from service.contract.inference import ScoreField
from service.contract.manifests import FORMAT_VERSION
from tests.worker.inference.permuted import permuted_model
from worker.inference.predictor import Predictor

EDITS = [f"g{i}:knockdown" for i in range(8)]
GENOTYPES = st.lists(
    st.tuples(st.sampled_from(EDITS), st.sampled_from(["", "@0.25", "@1", "@0"])),
    max_size=4,
    unique_by=lambda edit: edit[0],
).map(lambda edits: [key + level for key, level in edits])
QUICK = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="session")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest, model_id="model-1")


@QUICK
@given(edits=GENOTYPES, data=st.data())
def test_the_order_of_edits_changes_nothing(predictor, edits, data):
    permuted = data.draw(st.permutations(edits))
    first, second = (predictor.score(["+".join(e)]) for e in (edits, permuted))
    assert first == second


@QUICK
@given(designs=st.lists(GENOTYPES, min_size=1, max_size=8), data=st.data())
def test_the_order_of_the_request_permutes_the_answer(predictor, designs, data):
    genotypes = ["+".join(edits) for edits in designs]
    order = data.draw(st.permutations(range(len(genotypes))))
    straight = predictor.score(genotypes)
    permuted = predictor.score([genotypes[i] for i in order])
    assert permuted.genotypes == [straight.genotypes[i] for i in order]
    for a, b in zip(straight.labels, permuted.labels, strict=True):
        np.testing.assert_allclose(b.mean, np.array(a.mean)[order], rtol=1e-9)
        np.testing.assert_allclose(
            b.interaction, np.array(a.interaction)[order], rtol=1e-6, atol=1e-8
        )


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(8)))
def test_permuting_the_models_edits_changes_no_score(trained, predictor, order):
    model, designs = trained
    other = Predictor.load(*permuted_model(model, list(order)), model_id="model-1")
    genotypes = sorted(set(designs))
    assert other.score(genotypes) == predictor.score(genotypes)


def test_the_empty_design_is_the_reference(predictor):
    answer = predictor.score(["", "g0:knockdown@1"])
    assert answer.genotypes == ["", "g0:knockdown@1"]
    for label in answer.labels:  # a level of 1 is no effect
        assert label.y_compose[0] == pytest.approx(label.y_intact[0], rel=1e-12)
        assert label.mean[1] == pytest.approx(label.mean[0], rel=1e-9)


def test_a_genotype_is_answered_in_canonical_text(predictor):
    assert predictor.score(["g1:knockdown+g0:knockdown"]).genotypes == ["g0:knockdown+g1:knockdown"]


def test_every_unknown_edit_of_every_design_is_listed(predictor):
    genotypes = ["g0:knockdown+gx:knockdown", "g1:knockdown", "g0:deletion+g77:knockdown@0.2"]
    with pytest.raises(UnknownEditsError) as caught:
        predictor.score(genotypes)
    found = [(offender.field, offender.value) for offender in caught.value.offenders]
    assert found == [
        ("genotypes[0]", "gx:knockdown"),
        ("genotypes[2]", "g0:deletion"),
        ("genotypes[2]", "g77:knockdown@0.2"),
    ]
    assert "g7:knockdown" in caught.value.offenders[2].suggestions


def test_columns_of_the_answer(predictor):
    genotypes = ["", "g0:knockdown", "g0:knockdown+g1:knockdown"]
    answer = predictor.score(genotypes)
    for label in answer.labels:
        low, mean, high = (np.array(c) for c in (label.min, label.mean, label.max))
        assert (low <= mean + 1e-12).all()
        assert (mean <= high + 1e-12).all()
        assert label.mean == label.y_intact
        np.testing.assert_allclose(
            label.interaction, mean - np.array(label.expected_neutral), rtol=1e-12
        )
    few = predictor.score(genotypes, [ScoreField.MEAN])
    assert few.support is None
    assert few.labels[0].sd is None
    assert few.labels[0].mean == answer.labels[0].mean


def test_sd_is_the_sample_sd_over_members(predictor):
    members = predictor.readings([parse_genotype("g0:knockdown")])
    for label, readings in zip(predictor.score(["g0:knockdown"]).labels, members, strict=True):
        assert label.sd[0] == pytest.approx(readings.intact_MBY[:, 0].std(ddof=1))


def test_neutral_expectation_multiplies_relative_effects(predictor):
    # Both labels add up on the log scale: E(ab) E(0) = E(a) E(b), whatever the order.
    # Of the fit, of which a level of 1 is the reference; then of what was measured.
    for none, a, b, source in (
        ("g2:knockdown@1", "g2:knockdown@0.3", "g5:knockdown@0.4", "fitted"),
        ("", "g2:knockdown", "g5:knockdown", "measured"),
    ):
        for label in predictor.score([none, a, b, f"{a}+{b}"]).labels:
            zero, first, second, both = label.expected_neutral
            assert both * zero == pytest.approx(first * second)
            assert set(label.neutral_source) == {source}
    assert [label.neutral_model for label in predictor.score([""]).labels] == [
        "additive",
        "multiplicative",
    ]


def test_support_counts_training_rows(trained, predictor):
    _, designs = trained
    sets = [frozenset(text.split("+")) - {""} for text in designs]
    a, b = next(p for p in itertools.combinations(EDITS, 2) if any(set(p) <= s for s in sets))
    genotypes = ["", a, f"{a}+{b}", f"{a}@0.5"]
    support = predictor.score(genotypes).support
    rows = lambda *edits: sum(set(edits) <= s for s in sets)  # noqa: E731
    exact = lambda *edits: sum(set(edits) == s for s in sets)  # noqa: E731
    assert support.design_count == [exact(), exact(a), exact(a, b), 0]
    assert support.edit_count_min == [None, rows(a), min(rows(a), rows(b)), rows(a)]
    assert support.pair_count_min == [None, None, rows(a, b), None]


def test_weights_and_vocabulary_must_be_those_of_the_manifest(trained):
    model, _ = trained
    with pytest.raises(BrokenArtifactError, match="sha256"):
        Predictor.load(model.weights + b" ", model.manifest)
    renamed = model.manifest.model_copy(
        update={"edits": [*model.manifest.edits[:-1], "other:part"]}
    )
    with pytest.raises(FailedPreconditionError, match="vocabulary"):
        Predictor.load(model.weights, renamed)


@pytest.mark.parametrize("version", [1, FORMAT_VERSION + 1])
def test_a_model_of_another_format_says_so(trained, version):
    model, _ = trained
    stored = model.manifest.model_copy(update={"format_version": version})
    said = f"format {version}, and this program reads format {FORMAT_VERSION}: .*train it again"
    for manifest in (stored, stored.model_dump(mode="json")):
        with pytest.raises(FailedPreconditionError, match=said):
            Predictor.load(model.weights, manifest)


def test_weights_load_from_a_file_and_a_plain_manifest(trained, predictor, tmp_path):
    model, _ = trained
    path = tmp_path / "weights.safetensors"
    path.write_bytes(model.weights)
    again = Predictor.load(path, model.manifest.model_dump(mode="json"), model_id="model-1")
    assert again.score(["g0:knockdown"]) == predictor.score(["g0:knockdown"])
    content = bytearray(model.weights)
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenArtifactError, match="sha256"):
        Predictor.load(path, model.manifest)


def test_a_design_scores_the_same_alone_and_among_ten_thousand(predictor):
    rng = np.random.default_rng(0)
    genotypes = ["+".join(rng.choice(EDITS, 3, replace=False)) for _ in range(10_000)]
    many = predictor.score(genotypes)
    alone = {text: predictor.score([text]) for text in sorted(set(many.genotypes))}
    for y, label in enumerate(many.labels):
        expected = [alone[text].labels[y].mean[0] for text in many.genotypes]
        np.testing.assert_allclose(label.mean, expected, rtol=1e-9)
