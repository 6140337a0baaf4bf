"""The table of codes, and the status that an error becomes."""

import importlib
import pkgutil

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

import service
from service.contract.errors import CellgebraError, InvalidArgumentError, NotFoundError, Offender
from service.rest.problems import HTTP_STATUS
from service.rpc.errors import STATUS_CODES, status_of
from service.rpc.paths import request_path
from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2
from tests.service.rpc.statuses import detail_of

NOTHING = training_pb2.GetTrainingJobRequest()
# What a client accepts by default: grpc.max_metadata_size.
METADATA_BYTES = 8192
RUNS_WHEN_IMPORTED = ("service.rpc.pb", "service.migrations", "service.cli.__main__")


def every_error():
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if not module.name.startswith(RUNS_WHEN_IMPORTED):
            importlib.import_module(module.name)
    found, new = set(), {CellgebraError}
    while new:
        found |= new
        new = {child for parent in new for child in parent.__subclasses__()} - found
    return found


def test_the_table_has_every_code_of_the_tree():
    assert {error.code for error in every_error()} <= set(STATUS_CODES)


def test_the_errors_that_every_door_tells_of_stand_in_one_tree():
    """The client knows them from there. Last-Event-ID is a header, and HTTP's alone.

    That the database is away is an error of SQLAlchemy's, too, which a client has not: it hears of
    it as what it derives from.
    """
    homes = {error.__module__ for error in every_error()}
    homes = {home for home in homes if home.startswith("service.")}  # other tests load the worker
    assert homes == {
        "service.contract.database",
        "service.contract.errors",
        "service.rest.job_events",
    }


def test_the_tables_of_both_doors_have_the_same_codes():
    assert set(STATUS_CODES) == set(HTTP_STATUS)


@pytest.mark.parametrize("code", sorted(STATUS_CODES))
def test_a_code_becomes_its_namesake(code):
    assert STATUS_CODES[code].name == code


def test_a_foreseen_error_tells_what_and_why():
    status = status_of(NotFoundError("no training job job_1"), NOTHING)
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert status.message == "no training job job_1"
    info = detail_of(status, ErrorInfo)
    assert (info.reason, info.domain) == ("NOT_FOUND", "cellgebra")


@pytest.mark.parametrize("error", [RuntimeError("secret"), CellgebraError("secret")])
def test_an_unforeseen_error_tells_nothing(error):
    status = status_of(error, NOTHING)
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert b"secret" not in status.SerializeToString()


def test_a_violation_says_where_in_the_file_and_what_was_meant():
    offender = Offender(
        message="no such kind", row=3, column="kind", value="delition", suggestions=["deletion"]
    )
    bad = detail_of(status_of(InvalidArgumentError("x", [offender]), NOTHING), BadRequest)
    assert bad.field_violations[0].description == (
        "row 3, column kind: no such kind; did you mean deletion?"
    )


def test_no_status_outgrows_the_trailers():
    offenders = [Offender(message="m" * 300, field=f"genotypes[{i}]") for i in range(1000)]
    status = status_of(InvalidArgumentError("d" * 100_000, offenders), NOTHING)
    # Binary metadata travels in base64; the message a second time, in percent encoding.
    on_the_wire = len(status.SerializeToString()) * 4 / 3 + len(status.message)
    assert on_the_wire < METADATA_BYTES
    assert detail_of(status, ErrorInfo).metadata["violation_count"] == "1000"
    assert len(detail_of(status, BadRequest).field_violations) >= 5


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("", ""),
        ("spec.epochs", "spec.epochs"),
        ("epochs", "spec.epochs"),
        ("request_id", "request_id"),
        ("labels[0].name", "spec.labels[0].name"),
        ("split.test[0]", "spec.split.covariate.test[0]"),
        ("spec.loss.terms[1].weight", "spec.loss.terms[1].dist.weight"),
        ("spec.loss.terms[2]", "spec.loss.terms[2]"),
        ("spec.loss.terms[7].weight", "spec.loss.terms[7].weight"),
        ("spec.model.nothing", "spec.model.nothing"),
    ],
)
def test_paths_are_those_of_the_request(field, path):
    spec = training_pb2.TrainingSpec(
        split={"covariate": {}}, loss={"terms": [{"mse": {}}, {"dist": {}}]}
    )
    assert request_path(training_pb2.CreateTrainingJobRequest(spec=spec), field) == path


def test_a_request_without_a_body_keeps_its_paths():
    assert request_path(inference_pb2.ScoreRequest(), "genotypes[4]") == "genotypes[4]"
