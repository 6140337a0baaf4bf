"""What is written as a message reads back as the same model."""

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.api_keys import ApiKeyRequest
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.jobs import EventType, JobEvent
from service.contract.order_sheets import OrderSheetSpec
from service.contract.proposals import Proposal
from service.contract.resources import (
    Dataset,
    GeneTable,
    Network,
    ScoringJob,
    SearchJob,
    TrainingJob,
)
from service.contract.search import Pool
from service.contract.training import TrainingSpec
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    designs_pb2,
    genes_pb2,
    inference_pb2,
    jobs_pb2,
    keys_pb2,
    order_sheets_pb2,
    pools_pb2,
    proposals_pb2,
    scoring_pb2,
    search_pb2,
    training_pb2,
)
from tests.service.rpc import (
    compose_specs,
    dataset_specs,
    gene_table_specs,
    score_specs,
    scoring_specs,
    search_specs,
    specs,
)

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


@settings(max_examples=20)
@given(search_specs.search_jobs)
def test_a_search_comes_back(job):
    message = sent(search_pb2.SearchJob(), job)
    assert SearchJob.model_validate(read_message(message)) == job


@settings(max_examples=20)
@given(scoring_specs.scoring_jobs)
def test_a_scoring_job_comes_back(job):
    message = sent(scoring_pb2.ScoringJob(), job)
    assert ScoringJob.model_validate(read_message(message)) == job


@settings(max_examples=20)
@given(search_specs.proposals)
def test_a_proposal_comes_back(proposal):
    message = sent(proposals_pb2.Proposal(), proposal)
    assert Proposal.model_validate(read_message(message)) == proposal


@pytest.mark.parametrize("type_", EventType)
def test_an_event_comes_back(type_):
    data = {"state": "FAILED", "error": {"code": "INTERNAL", "errors": []}, "fraction": None}
    event = JobEvent(sequence=3, type=type_, create_time="2026-01-01T00:00:00.5Z", data=data)
    message = sent(jobs_pb2.JobEvent(), event)
    assert JobEvent.model_validate(read_message(message)) == event


@settings(max_examples=20)
@given(dataset_specs.datasets)
def test_a_data_set_comes_back(dataset):
    message = sent(datasets_pb2.Dataset(), dataset)
    assert Dataset.model_validate(read_message(message)) == dataset


@settings(max_examples=20)
@given(gene_table_specs.gene_tables)
def test_a_gene_table_comes_back(table):
    message = sent(genes_pb2.GeneTable(), table)
    assert GeneTable.model_validate(read_message(message)) == table


@settings(max_examples=20)
@given(gene_table_specs.networks)
def test_a_network_comes_back(network):
    message = sent(genes_pb2.Network(), network)
    assert Network.model_validate(read_message(message)) == network


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


def test_an_empty_list_with_a_name_is_no_absence():
    sheet = sent(order_sheets_pb2.OrderSheetSpec(), OrderSheetSpec(controls=()))
    assert read_message(sheet)["controls"] == []
    assert OrderSheetSpec.model_validate(read_message(sheet)).controls == ()
    assert "controls" not in read_message(order_sheets_pb2.OrderSheetSpec())


def test_pairs_are_lists_in_a_list():
    pool = Pool(forbidden_pairs=[("a", "b"), ("c", "d")])
    message = sent(pools_pb2.Pool(), pool)
    assert [list(pair.names) for pair in message.forbidden_pairs] == [["a", "b"], ["c", "d"]]
    assert Pool.model_validate(read_message(message)) == pool


def test_a_dict_within_a_dict_is_a_map_of_messages():
    covariates = {"cycle": {"0": 3, "5": 2}, "medium": {}}
    message = write_message(datasets_pb2.DatasetProfile(), {"covariates": covariates})
    assert dict(message.covariates["cycle"].counts) == {"0": 3, "5": 2}
    assert read_message(message)["covariates"] == covariates


def test_a_map_without_entries_is_an_absent_one():
    assert "kinds" not in read_message(designs_pb2.EditColumn(locus_column="a"))


@pytest.mark.parametrize(
    "time",
    [{"seconds": 2**63 - 1}, {"seconds": -(2**63)}, {"nanos": -1}, {"seconds": 253402300800}],
)
def test_a_time_that_no_calendar_has_is_refused_and_named(time):
    request = keys_pb2.ApiKeyRequest(name="x", scopes=[keys_pb2.SCOPE_READ], expire_time=time)
    with pytest.raises(ValidationError) as caught:
        ApiKeyRequest.model_validate(read_message(request))
    assert [error["loc"] for error in caught.value.errors()] == [("expire_time",)]
