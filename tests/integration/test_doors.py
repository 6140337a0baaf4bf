"""One service, three doors: the same request gets the same answer, and the same refusal."""

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status.rpc_status import from_call

from service.client.cellgebra import Cellgebra
from service.contract.errors import CellgebraError
from service.rpc.mapping import read_message
from service.rpc.services import DESCRIPTORS
from tests.integration import door_cases
from tests.integration.door_cases_of_records import record_cases
from tests.service.rpc.statuses import detail_of

pytestmark = pytest.mark.slow
NO_IDS = dict.fromkeys(("job_id", "dataset_id", "model_id"), "")
# Catalogues, the state of the service, the log, and scores by a protocol that has tests of its own.
OF_NO_RECORDS = {
    *("LossService", "HealthService", "AuditService", "GRPCInferenceService"),
}
MAX_TOLD = 997  # of a long text, gRPC's trailers hold no more


@pytest.fixture(scope="session")
def cases(once, service, trained, dataset):
    """Cases by name, of one service."""

    def make():
        ids = {
            "job_id": trained["id"],
            "model_id": trained["model_id"],
            "dataset_id": dataset["id"],
        }
        return {case.name: case for case in all_cases(ids)}

    return once(service, "cases", make)


@pytest.fixture
def client(service):
    with Cellgebra(service.base_url) as opened:
        yield opened


def answered(case, data):
    """A good answer in a form that all doors have."""
    return "OK", None if case.answer is None else case.answer.model_validate(data).model_dump()


def refused(code, reason, detail, fields):
    """A refusal. A path of gRPC begins with the body's name, and has the tags of unions in it.

    So has a text that names it; and an array without items is one that is missing there.
    """
    leaves = sorted(path.rpartition(".")[2] for path in fields if path)
    told = None if reason == "INVALID_REQUEST" else detail[:MAX_TOLD]
    return code, reason, told, leaves


def by_rest(case, api):
    method, path = case.rest
    response = api.request(method, path, json=case.body, params=case.query)
    if response.is_success:
        return answered(case, response.json() if response.content else None)
    told = response.json()
    fields = [error.get("field", "") for error in told["errors"]]
    return refused(told["code"], told["reason"], told["detail"], fields)


def by_rpc(case, channel):
    (_, stub), method = case.rpc
    try:
        answer = getattr(stub(channel), method)(case.request())
    except grpc.RpcError as error:
        status = from_call(error)
        info, bad = detail_of(status, ErrorInfo), detail_of(status, BadRequest)
        fields = [violation.field for violation in bad.field_violations] if bad else []
        return refused(error.code().name, info.reason, status.message, fields)
    return answered(case, read_message(answer))


def by_python(case, client):
    try:
        answer = case.python(client)
    except CellgebraError as error:
        fields = [offender.field or "" for offender in error.offenders]
        return refused(error.code, error.reason, error.detail, fields)
    return answered(case, answer if case.answer is None else dumped(answer))


def dumped(answer):
    """What a resource, or a handle on one, holds."""
    return getattr(answer, "resource", answer).model_dump()


def all_cases(ids):
    """Every case, in the order in which they are asked."""
    return [*door_cases.all_cases(ids), *record_cases(ids)]


def test_every_service_that_keeps_records_has_a_case():
    asked = {case.rpc[0][1].__name__.removesuffix("Stub") for case in all_cases(NO_IDS)}
    kept = {service.name for service in DESCRIPTORS} - OF_NO_RECORDS
    assert kept - asked == set()


@pytest.mark.parametrize("name", [case.name for case in all_cases(NO_IDS)])
def test_every_door_says_the_same(name, cases, api, channel, client):
    case = cases[name]
    rest = by_rest(case, api)
    assert rest[0] == case.code, rest
    assert by_rpc(case, channel) == rest
    if case.python is not None:
        assert by_python(case, client)[:2] == rest[:2]
