"""What is written as a message reads back as the same model."""

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.resources import TrainingJob
from service.contract.training import TrainingSpec
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2
from tests.service.rpc import compose_specs, score_specs, specs

LEAST = {"dataset_id": "dataset_1", "labels": [{"name": "titer"}]}


def sent(message, model):
    """The message after a trip over the wire."""
    write_message(message, model.model_dump())
    return type(message).FromString(message.SerializeToString())


@settings(max_examples=20)
@given(specs.training_specs)
def test_a_spec_comes_back(spec):
    message = sent(training_pb2.TrainingSpec(), spec)
    assert TrainingSpec.model_validate(read_message(message)) == spec


@settings(max_examples=12)
@given(specs.training_jobs)
def test_a_job_comes_back(job):
    message = sent(training_pb2.TrainingJob(), job)
    assert TrainingJob.model_validate(read_message(message)) == job


@given(score_specs.score_requests)
def test_a_score_request_comes_back(request):
    message = sent(inference_pb2.ScoreRequest(), request)
    data = read_message(message)
    assert ScoreRequest.model_validate(data) == request


@settings(max_examples=20)
@given(score_specs.score_answers)
def test_an_answer_comes_back(answer):
    message = sent(inference_pb2.ScoreResponse(), answer)
    assert ScoreAnswer.model_validate(read_message(message)) == answer


@given(compose_specs.compose_requests)
def test_a_latent_operation_comes_back(request):
    message = sent(inference_pb2.ComposeRequest(), request)
    assert ComposeRequest.model_validate(read_message(message)) == request


@settings(max_examples=20)
@given(compose_specs.compose_answers)
def test_composed_states_come_back(answer):
    message = sent(inference_pb2.ComposeResponse(), answer)
    assert ComposeAnswer.model_validate(read_message(message)) == answer


def test_what_is_absent_takes_the_default_of_the_model():
    message = training_pb2.TrainingSpec(dataset_id="dataset_1", labels=[{"name": "titer"}])
    assert read_message(message) == LEAST
    assert TrainingSpec.model_validate(read_message(message)) == TrainingSpec(**LEAST)


def test_an_explicit_zero_is_no_absence():
    message = training_pb2.TrainingSpec(seed=0, split={"random": {"test_fraction": 0.0}})
    assert read_message(message) == {"seed": 0, "split": {"kind": "random", "test_fraction": 0.0}}


def test_an_empty_member_of_a_oneof_is_there():
    message = sent(training_pb2.TrainingSpec(), TrainingSpec(**LEAST, split={"kind": "none"}))
    assert message.split.WhichOneof("kind") == "none"


def test_a_field_of_a_newer_contract_is_refused_not_dropped():
    message = training_pb2.TrainingSpec(dataset_id="dataset_1", labels=[{"name": "titer"}])
    newer = message.SerializeToString() + bytes([0b11111_000, 0b110, 1])  # field 111: 1
    data = read_message(training_pb2.TrainingSpec.FromString(newer))
    assert set(data) - set(LEAST) == {"field_111"}
    with pytest.raises(ValidationError, match="field_111"):
        TrainingSpec.model_validate(data)


def test_an_enum_value_of_a_newer_contract_is_refused_with_its_number():
    message = training_pb2.TrainingSpec(device=77, **LEAST)
    with pytest.raises(ValidationError, match="input_value='77'"):
        TrainingSpec.model_validate(read_message(message))


def test_an_unspecified_column_is_refused():
    message = inference_pb2.ScoreRequest(genotypes=[""], fields=[0])
    with pytest.raises(ValidationError, match="unspecified"):
        ScoreRequest.model_validate(read_message(message))


def test_no_count_is_minus_one_on_the_wire():
    support = {"design_count": [0, 2], "edit_count_min": [None, 3], "pair_count_min": [None, None]}
    message = write_message(inference_pb2.Support(), support)
    assert list(message.edit_count_min) == [-1, 3]
    assert read_message(message) == support
