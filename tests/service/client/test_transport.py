"""The client at the network's edge: what it sends again, and what it makes of answers."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import unquote

import httpx
import pytest

from service.client import retries
from service.client.cellgebra import Cellgebra
from service.client.models import RemoteModel
from service.client.problems import retry_after_seconds
from service.client.sweeps import SweepRun
from service.client.training import TrainingRun
from service.contract import errors
from service.contract.designs import parse_genotype
from service.contract.resources import Model, Sweep, TrainingJob

PROBLEM = {
    "code": "INVALID_ARGUMENT",
    "reason": "UNKNOWN_EDITS",
    "detail": "1 edit not in the model's vocabulary",
    "errors": [{"field": "genotypes[0]", "message": "no", "suggestions": ["b0720:deletion"]}],
    "trace_id": "t",
}
JOB = {
    "id": "job_1",
    "state": "QUEUED",
    "spec": {"dataset_id": "dataset_1", "labels": [{"name": "y"}]},
    "create_time": "2026-01-01T00:00:00Z",
    "fraction": 0,
    "attempt_count": 0,
}
MODEL = {
    "id": "model_1",
    "name": "m",
    "version": 1,
    "kind": "additive",
    "create_time": "2026-01-01T00:00:00Z",
    "dataset_id": "dataset_1",
    "job_id": "job_1",
    "manifest_sha256": "a",
    "weights_sha256": "b",
    "report": {},
}
PATHS = [
    ("/v1/training-jobs/", ""),
    ("/v1/models/", ""),
    ("/v1/datasets/", ""),
    ("/v1/training-jobs/", "/events"),
    ("/v1/training-jobs/", ":cancel"),
    ("/v1/training-jobs/", ":resume"),
    ("/v1/training-jobs/", ""),
    ("/v1/models/", ":score"),
    ("/v1/sweeps/", ":resume"),
]
HEALTH = {"ready": True, "database": "up", "broker": "up", "queues": {}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "PAUSES_SECONDS", (0.0, 0.0, 0.0))


def client_of(answer):
    """A client whose network is `answer`; it counts what is sent."""
    sent = []

    def handle(request):
        request.read()
        sent.append(request)
        result = answer(len(sent), request)
        if isinstance(result, Exception):
            raise result
        return result

    http = httpx.Client(transport=httpx.MockTransport(handle), base_url="http://service")
    return Cellgebra(http=http), sent


def problem(status, **changes):
    headers = {"content-type": "application/problem+json"}
    return httpx.Response(status, json={**PROBLEM, **changes}, headers=headers)


def tree(kind):
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in tree(child))]


def test_a_problem_is_the_error_that_the_service_raised():
    client, sent = client_of(lambda *_: problem(422))
    with pytest.raises(errors.UnknownEditsError) as caught:
        client.model("model_1")
    assert caught.value.offenders[0].suggestions == ["b0720:deletion"]
    assert len(sent) == 1


@pytest.mark.parametrize(
    "kind",
    [kind for kind in tree(errors.CellgebraError)[1:] if kind.__module__ == errors.__name__],
    ids=lambda kind: kind.__name__,
)
def test_every_error_has_its_way_back(kind):
    client, _ = client_of(lambda *_: problem(400, code=kind.code, reason=kind.reason))
    with pytest.raises(errors.CellgebraError) as caught:
        client.model("model_1")
    assert type(caught.value) is kind


def test_a_reason_of_a_newer_service_falls_back_to_its_code():
    client, _ = client_of(lambda *_: problem(422, reason="NOT_KNOWN_YET"))
    with pytest.raises(errors.InvalidArgumentError) as caught:
        client.model("model_1")
    assert type(caught.value) is errors.InvalidArgumentError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, errors.CellgebraError),
        (502, errors.UnavailableError),
        (503, errors.UnavailableError),
        (504, errors.DeadlineExceededError),
        (401, errors.UnauthenticatedError),
        (404, errors.NotFoundError),
    ],
)
def test_an_answer_that_is_no_problem_document(status, kind):
    client, _ = client_of(lambda *_: httpx.Response(status, text="<html>"))
    with pytest.raises(errors.CellgebraError, match=f"HTTP {status}") as caught:
        client.model("model_1")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "document",
    ["oops", "", "null", '["a"]', '{"errors": ["a"]}', '{"code": 7, "errors": [{"code": 1}]}'],
)
def test_json_that_is_no_problem_document(document):
    """As gateways answer; it is none of ours to be read."""
    headers = {"Content-Type": "application/json"}
    client, _ = client_of(lambda *_: httpx.Response(502, text=document, headers=headers))
    with pytest.raises(errors.UnavailableError, match="HTTP 502"):
        client.model("model_1")


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        problem(503, code="UNAVAILABLE", reason="UNAVAILABLE"),
        problem(429, code="RESOURCE_EXHAUSTED", reason="TOO_MANY_REQUESTS"),
    ],
    ids=["refused", "cut", "503", "429"],
)
def test_trouble_that_passes_is_not_seen(trouble):
    client, sent = client_of(
        lambda number, _: (
            trouble
            if number < 4
            else httpx.Response(200, json={"items": [], "next_page_token": None})
        )
    )
    assert list(client.models()) == []
    assert len(sent) == 4


def test_trouble_that_stays_is_an_error():
    client, sent = client_of(lambda *_: httpx.ConnectError("refused"))
    with pytest.raises(errors.UnavailableError, match="cellgebra up"):
        list(client.models())
    assert len(sent) == 4


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7), ("0.5", 0.5), ("soon", 1), ("-3", 1), ("nan", 1), ("inf", 1), ("", 1)],
)
def test_how_long_to_wait_is_told_in_seconds(told, seconds):
    assert retry_after_seconds(httpx.Response(429, headers={"Retry-After": told})) == seconds


def test_how_long_to_wait_is_told_as_a_date():
    later = datetime.now(UTC) + timedelta(seconds=30)
    for date, seconds in ((later, 30), (datetime(2020, 1, 1, tzinfo=UTC), 0)):
        answer = httpx.Response(503, headers={"Retry-After": format_datetime(date, usegmt=True)})
        assert retry_after_seconds(answer) == pytest.approx(seconds, abs=2)


def test_pauses_grow_vary_and_are_those_asked_for():
    busy = httpx.Response(503, headers={"Retry-After": "9"})
    gone = httpx.ConnectError("refused")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retries, "PAUSES_SECONDS", (1.0, 2.0))
        drawn = [retries.pause_before_retry(gone, 1, is_repeatable=True) for _ in range(50)]
        assert 1 <= min(drawn) < max(drawn) <= 3
        assert retries.pause_before_retry(busy, 0, is_repeatable=True) == 9
        assert retries.pause_before_retry(gone, 2, is_repeatable=True) is None
        busy.headers["Retry-After"] = "3600"
        assert retries.pause_before_retry(busy, 0, is_repeatable=True) is None


def test_what_may_not_be_repeated_is_sent_again_if_nobody_has_received_it():
    def is_sent_again(answer):
        return retries.pause_before_retry(answer, 0, is_repeatable=False) is not None

    assert is_sent_again(httpx.ConnectError("refused"))
    assert is_sent_again(httpx.Response(429))
    assert not is_sent_again(httpx.Response(503))
    assert not is_sent_again(httpx.RemoteProtocolError("cut"))


def test_a_silent_service_is_not_asked_again():
    client, sent = client_of(lambda *_: httpx.ReadTimeout("silence"))
    with pytest.raises(errors.DeadlineExceededError):
        client.model("model_1")
    assert len(sent) == 1


def test_an_upload_sent_again_is_the_same_request(tmp_path):
    table = tmp_path / "table.tsv"
    table.write_bytes(b"genotype\ty\n" * 1000)
    spec = {
        "design": {"layout": "genotype"},
        "labels": [{"name": "y", "kind": "fitness", "unit": "1"}],
    }
    client, sent = client_of(
        lambda number, _: httpx.RemoteProtocolError("cut") if number == 1 else problem(422)
    )
    with pytest.raises(errors.UnknownEditsError):
        client.datasets.upload(table, spec)
    first, second = sent
    assert first.content == second.content == table.read_bytes()
    assert first.url == second.url
    assert first.url.params["request_id"]
    assert first.url.params["name"] == "table.tsv"


def test_lists_follow_their_pages():
    def answer(_, request):
        token = request.url.params.get("page_token")
        number = int(token or 0)
        dataset = {
            "id": str(number),
            "name": "n",
            "state": "READY",
            "size_bytes": 1,
            "create_time": "2026-01-01T00:00:00Z",
            "source_sha256": "a",
            "spec": {"preset": "costanzo2016"},
        }
        return httpx.Response(
            200,
            json={"items": [dataset], "next_page_token": None if number == 2 else str(number + 1)},
        )

    client, _ = client_of(answer)
    assert [dataset.id for dataset in client.datasets.list()] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "a?b=c", "a#b", "a:score", "50%2F", "a \u00e4", ""]
)
def test_an_id_is_data_whatever_it_holds(name):
    """No id leads to another resource than the one that it names."""
    client, sent = client_of(lambda *_: problem(404, code="NOT_FOUND", reason="NOT_FOUND"))
    run = TrainingRun(client._transport, TrainingJob(**{**JOB, "id": name}))
    model = RemoteModel(client._transport, Model(**{**MODEL, "id": name}))
    asks = [client.run, client.model, client.datasets.get]
    asks += [lambda _: next(run.events()), lambda _: run.cancel(), lambda _: run.resume()]
    asks += [lambda _: run.refresh(), lambda _: model.score([])]
    sweep = Sweep.model_construct(id=name)
    asks += [lambda _: SweepRun(client._transport, sweep).resume()]
    for ask in asks:
        with pytest.raises(errors.NotFoundError):
            ask(name)
    quoted = [request.url.raw_path.decode() for request in sent]
    for path, (collection, rest) in zip(quoted, PATHS, strict=True):
        resource = path.removeprefix(collection).removesuffix(rest)
        assert not set(resource) & set("./?#:")
        assert (path, unquote(resource)) == (f"{collection}{resource}{rest}", name)


def test_health_is_told_ready_or_not():
    client, _ = client_of(lambda *_: httpx.Response(503, json={**HEALTH, "ready": False}))
    assert client.health().ready is False


def test_a_key_travels_in_the_header():
    client = Cellgebra("http://service", api_key="secret")
    assert client._transport._headers["Authorization"] == "Bearer secret"
    client.close()


def test_one_design_alone_is_one_and_not_its_letters():
    client, sent = client_of(
        lambda number, _: httpx.Response(200, json=MODEL) if number == 1 else httpx.Response(404)
    )
    model = client.model("model_1")
    asks = (
        lambda: model.score("b0720:deletion"),
        lambda: model.score(parse_genotype("b0720:deletion")),
        lambda: model.latent("compose", "b0720:deletion"),
        lambda: client.registry.compare(["model_1"], "b0720:deletion"),
    )
    for ask in asks:
        with pytest.raises(errors.NotFoundError):
            ask()
    bodies = [json.loads(request.content) for request in sent[1:]]
    assert [body.get("genotypes", body.get("designs")) for body in bodies] == [
        ["b0720:deletion"]
    ] * 4


def test_a_client_says_where_it_asks_and_not_by_which_key():
    with Cellgebra("http://service:8000/", "cgb_secret") as client:
        assert repr(client) == "Cellgebra('http://service:8000')"


def test_a_file_that_is_refused_for_a_moment_comes(tmp_path):
    refusal = problem(429, code="RESOURCE_EXHAUSTED", reason="TOO_MANY_REQUESTS")
    client, sent = client_of(
        lambda number, _: refusal if number < 4 else httpx.Response(200, content=b"PK")
    )
    target = client._transport.download("/v1/file", tmp_path / "model.zip")
    assert (target.read_bytes(), len(sent)) == (b"PK", 4)


def test_a_file_that_stays_refused_leaves_nothing(tmp_path):
    refusal = problem(429, code="RESOURCE_EXHAUSTED", reason="TOO_MANY_REQUESTS")
    client, sent = client_of(lambda *_: refusal)
    with pytest.raises(errors.ResourceExhaustedError):
        client._transport.download("/v1/file", tmp_path / "model.zip")
    assert (list(tmp_path.iterdir()), len(sent)) == ([], 4)


def test_a_quota_of_a_day_is_told_at_once_and_not_waited_for():
    refusal = problem(429, code="RESOURCE_EXHAUSTED", reason="QUOTA_EXCEEDED")
    refusal.headers["Retry-After"] = "3600"
    client, sent = client_of(lambda *_: refusal)
    with pytest.raises(errors.QuotaExceededError) as caught:
        client._transport.get("/v1/models")
    assert (caught.value.retry_after_seconds, len(sent)) == (3600, 1)
