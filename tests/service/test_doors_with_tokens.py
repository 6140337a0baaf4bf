"""Tokens of an issuer at both doors: the same answers, beside keys, with the subject on record."""

import asyncio

import grpc
import httpx
import pytest
from grpc import StatusCode
from sqlalchemy import select

from service.contract.api_keys import Scope
from service.contract.records import AuditEventRecord
from service.contract.repositories.jobs import Owner
from service.handlers import issuer_keys
from service.handlers.access import require_keys
from service.handlers.context import Context
from service.rest.app import create_rest
from service.rpc.pb.cellgebra.v1 import training_pb2
from tests.servers.issuer import AUDIENCE, issuer_server
from tests.service.keys import bearer, make_key
from tests.service.rows import add_training_job

GRANTS = {
    "trainers": {"project": "titer", "scopes": ["train", "read"]},
    "guests": {"project": "titer", "scopes": ["read"]},
    "admins": {"project": "titer", "scopes": ["admin"]},
}
JOBS = "/v1/training-jobs"
TITER = Owner("titer", "grace")


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def issuer(monkeypatch):
    monkeypatch.setattr(issuer_keys, "_PAUSE_SECONDS", 0.0)
    with issuer_server() as server:
        yield server


@pytest.fixture
def settings(settings, issuer):
    given = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_grants": GRANTS}
    return type(settings)(**(settings.model_dump(exclude_none=True) | given))


@pytest.fixture
def answers(rest, training):
    """What both doors say to a call that reads (or cancels): a status of HTTP, a code of gRPC."""

    async def ask(token, job_id="job_none", *, cancel=False):
        path = f"{JOBS}/{job_id}:cancel" if cancel else f"{JOBS}/{job_id}"
        told = await rest.request("POST" if cancel else "GET", path, headers=bearer(token))
        method, message = training.GetTrainingJob, training_pb2.GetTrainingJobRequest
        if cancel:
            method, message = training.CancelTrainingJob, training_pb2.CancelTrainingJobRequest
        metadata = [("authorization", f"Bearer {token}")]
        try:
            await method(message(id=job_id), metadata=metadata)
            code, said = StatusCode.OK, ""
        except grpc.aio.AioRpcError as error:
            code, said = error.code(), error.details()
        assert token not in told.text + said
        return told.status_code, code

    return ask


async def test_a_token_opens_its_project(answers, issuer, database):
    job_id = add_training_job(database, owner=TITER)
    other = add_training_job(database)
    assert await answers(issuer.token(), job_id) == (200, StatusCode.OK)
    assert await answers(issuer.token(), other) == (404, StatusCode.NOT_FOUND)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"exp": 1000}, 401, StatusCode.UNAUTHENTICATED),
        ({"aud": "another"}, 401, StatusCode.UNAUTHENTICATED),
        ({"header": {"kid": "of-nobody"}}, 401, StatusCode.UNAUTHENTICATED),
        ({"groups": []}, 403, StatusCode.PERMISSION_DENIED),
    ],
)
async def test_what_is_no_good_is_refused(answers, issuer, changes, status, code):
    assert await answers(issuer.token(**changes)) == (status, code)


async def test_a_token_does_what_its_scopes_allow_and_no_more(answers, issuer, database):
    job_id = add_training_job(database, owner=TITER)
    guest = issuer.token(groups=["guests"])
    assert await answers(guest, job_id, cancel=True) == (403, StatusCode.PERMISSION_DENIED)
    assert (await answers(guest, job_id))[0] == 200
    assert await answers(issuer.token(), job_id, cancel=True) == (200, StatusCode.OK)


async def test_an_issuer_that_is_away_is_503(answers, issuer):
    issuer.status = 500
    assert await answers(issuer.token()) == (503, StatusCode.UNAVAILABLE)
    issuer.status = 200
    assert await answers(issuer.token()) == (404, StatusCode.NOT_FOUND)


async def test_nobody_comes_in_without_a_key_or_a_token(rest, settings):
    assert (await rest.get(JOBS)).status_code == 401
    require_keys(settings.model_copy(update={"host": "192.0.2.1"}))


async def test_keys_open_as_before(answers, database, context):
    _, secret = make_key(database, Scope.READ)
    await context.keys.refresh()
    assert await answers(secret) == (404, StatusCode.NOT_FOUND)
    assert await answers(f"{secret[:-1]}_") == (401, StatusCode.UNAUTHENTICATED)


async def test_without_an_issuer_a_token_is_no_key(settings, issuer):
    alone = Context.of(settings.model_copy(update={"oidc_issuer": None}))
    await alone.start()
    transport = httpx.ASGITransport(create_rest(alone))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        told = await client.get(JOBS, headers=bearer(issuer.token()))
    await alone.close()
    assert (told.status_code, "this is no API key" in told.text) == (401, True)


async def test_the_audit_log_has_the_subject(answers, rest, issuer, database):
    job_id = add_training_job(database, owner=TITER)
    await answers(issuer.token(sub="ada"), job_id, cancel=True)
    await answers(issuer.token(sub="eve", groups=["guests"]), job_id, cancel=True)
    admin = bearer(issuer.token(sub="root", groups=["admins"]))
    for _ in range(100):
        items = (await rest.get("/v1/audit", headers=admin)).json()["items"]
        if len(items) == 4:
            break
        await asyncio.sleep(0.05)
    assert sorted((one["actor"], one["door"], one["result"]) for one in items) == [
        ("oidc:ada", "grpc", "OK"),
        ("oidc:ada", "rest", "OK"),
        ("oidc:eve", "grpc", "PERMISSION_DENIED"),
        ("oidc:eve", "rest", "PERMISSION_DENIED"),
    ]


async def test_the_audit_log_tells_of_who_has_no_grant(answers, issuer, context, database):
    await answers(issuer.token(sub="mallory", groups=["strangers"]))
    await context.audit.close()
    with database.read() as session:
        found = {
            (one.project_id, one.actor, one.door, one.result)
            for one in session.scalars(select(AuditEventRecord))
        }
    assert found == {("-", "oidc:mallory", door, "PERMISSION_DENIED") for door in ("rest", "grpc")}


async def test_limits_are_counted_by_subject(settings, issuer):
    few = Context.of(settings.model_copy(update={"max_requests_per_second": 3}))
    await few.start()
    transport = httpx.ASGITransport(create_rest(few))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        asked = [client.get(JOBS, headers=bearer(issuer.token(sub="ada"))) for _ in range(20)]
        told = [answer.status_code for answer in await asyncio.gather(*asked)]
        other = await client.get(JOBS, headers=bearer(issuer.token(sub="eve")))
    await few.close()
    assert set(told) == {200, 429}
    assert other.status_code == 200
