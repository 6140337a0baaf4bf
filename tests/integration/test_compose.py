"""Latent algebra on real designs, through every door."""

import pytest

from cellgebra import Cellgebra
from service.contract.algebra import ComposeAnswer
from service.contract.errors import InvalidDesignError, UnknownEditsError
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

A, B, C = (f"PP_{locus}:knockdown" for locus in ("0368", "0751", "0815"))


@pytest.fixture(scope="module")
def model(service, trained):
    with Cellgebra(service.base_url) as client:
        yield client.model(trained["model_id"])


def test_composing_is_scoring_the_design(model):
    answer = model.compose(B, A, nearest_count=3)
    (state,) = answer.states
    assert state.design.genotype == f"{A}+{B}"
    (scored,) = model.score([f"{A}+{B}"]).labels
    (read,) = state.design.labels
    assert [read.y_compose, read.y_intact, read.interaction] == pytest.approx(
        [scored.y_compose[0], scored.y_intact[0], scored.interaction[0]]
    )
    assert (read.unit, read.neutral_source) == ("mg/L", "measured")
    # The pair was built in cycles 1 to 4: it is its own nearest, with what was measured of it.
    assert state.nearest[0].genotype == f"{A}+{B}"
    assert state.nearest[0].distance == pytest.approx(0, abs=1e-9)
    assert 50 < state.nearest[0].labels[0].value < 1000
    assert answer.measured.dataset_id == model.resource.dataset_id
    null = read.permutation_null
    assert (null.designs, null.permutation_count) == ("measured", 999)
    assert 0 < null.p_value <= 1


def test_the_other_operations(model):
    (state,) = model.subtract(f"{A}+{B}", B).states
    assert state.design.genotype == A
    (state,) = model.analogy(f"{A}+{B}", B, C).states
    assert state.design.genotype == f"{A}+{C}"
    first, middle, last = model.interpolate("", A, steps=3, with_latents=True).states
    assert [first.design.genotype, middle.design, last.design.genotype] == ["", None, A]
    low, half, high = (state.latents[0].values for state in (first, middle, last))
    assert half == pytest.approx([(x + y) / 2 for x, y in zip(low, high, strict=True)])
    by_angle = model.compose(A, metric="cosine").states[0].nearest
    assert (by_angle[0].genotype, by_angle[0].distance) == (A, pytest.approx(0, abs=1e-9))


def test_what_cannot_be_is_told_with_every_offender(model):
    with pytest.raises(InvalidDesignError) as clash:
        model.compose(f"{A}+{B}", f"{A}@0.5", f"{B}+{C}")
    assert [each.field for each in clash.value.offenders] == ["designs[1]", "designs[2]"]
    with pytest.raises(UnknownEditsError):
        model.compose(A, "PP_9999:knockdown")


def test_both_doors_give_the_same_states(api, trained, channel):
    body = {"operation": "interpolate", "designs": ["", f"{A}+{B}"], "with_latents": True}
    told = api.post(f"/v1/models/{trained['model_id']}:compose", json=body).raise_for_status()
    stub = inference_pb2_grpc.InferenceServiceStub(channel)
    answer = stub.Compose(
        inference_pb2.ComposeRequest(
            model_id=trained["model_id"],
            operation=inference_pb2.LATENT_OPERATION_INTERPOLATE,
            designs=body["designs"],
            with_latents=True,
        )
    )
    assert ComposeAnswer.model_validate(read_message(answer)) == ComposeAnswer.model_validate(
        told.json()
    )
