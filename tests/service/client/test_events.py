"""Event streams across broken connections, and the line that shows them."""

import io

import httpx
import pytest

from service.client import events as events_module
from service.client.events import follow
from service.client.progress import ProgressLine, UploadLine
from service.client.transport import Transport
from service.contract.errors import NotFoundError, ResourceExhaustedError, UnavailableError
from service.contract.jobs import EventType, JobEvent
from service.contract.resources import GeneTable

PATH = "/v1/training-jobs/job_1"
TIME = "2026-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(events_module, "_PAUSES_SECONDS", (0.0, 0.0))


def event(sequence, type_=EventType.EPOCH, **data):
    return JobEvent(sequence=sequence, type=type_, create_time=TIME, data=data)


def state(sequence, name):
    return event(sequence, EventType.STATE, state=name)


def wire(*events):
    blocks = [f"event: {e.type}\ndata: {e.model_dump_json()}\nid: {e.sequence}\n\n" for e in events]
    return ": ping\n\n" + ": ping\n\n".join(blocks)


class Broken(httpx.SyncByteStream):
    """A body that breaks off after some text."""

    def __init__(self, text):
        self.text = text

    def __iter__(self):
        yield self.text.encode()
        raise httpx.ReadError("cut")


def transport_of(*answers, now="RUNNING"):
    """A transport that gets one answer after the other; the last one stays. The job is `now`."""
    sent = []

    def handle(request):
        if request.url.path == PATH:
            return httpx.Response(200, json={"state": now})
        sent.append(request.headers.get("last-event-id"))
        answer = answers[min(len(sent), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.SyncByteStream):
            return httpx.Response(200, stream=answer)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, text=answer)

    http = httpx.Client(transport=httpx.MockTransport(handle), base_url="http://service")
    return Transport("http://service", None, 5, http), sent


def test_a_story_told_in_one_go():
    transport, sent = transport_of(wire(state(1, "QUEUED"), event(2), state(3, "SUCCEEDED")))
    assert [e.sequence for e in follow(transport, PATH)] == [1, 2, 3]
    assert sent == [None]


def test_a_broken_stream_goes_on_where_it_broke():
    half = wire(event(3)).removesuffix("\n\n")  # not complete: to be dropped
    transport, sent = transport_of(
        Broken(wire(state(1, "RUNNING"), event(2)) + half),
        httpx.ConnectError("refused"),
        wire(event(3)),
        wire(event(4), state(5, "FAILED")),
    )
    assert [e.sequence for e in follow(transport, PATH)] == [1, 2, 3, 4, 5]
    assert sent == [None, "2", "2", "3"]


def test_a_stream_that_stays_away_is_an_error():
    transport, _ = transport_of(wire(state(1, "RUNNING")), httpx.ConnectError("refused"))
    with pytest.raises(UnavailableError):
        list(follow(transport, PATH))


def too_many(seconds):
    problem = {"code": "RESOURCE_EXHAUSTED", "reason": "TOO_MANY_REQUESTS", "detail": "wait"}
    return httpx.Response(429, json=problem, headers={"Retry-After": str(seconds)})


def test_a_stream_that_is_told_to_wait_goes_on():
    transport, sent = transport_of(
        too_many(0),
        Broken(wire(state(1, "RUNNING"))),
        too_many(0),
        wire(event(2), state(3, "SUCCEEDED")),
    )
    assert [e.sequence for e in follow(transport, PATH)] == [1, 2, 3]
    assert sent == [None, None, "1", "1"]


@pytest.mark.parametrize(("seconds", "times"), [(0, 3), (3600, 1)])
def test_it_does_not_wait_for_ever(seconds, times):
    transport, sent = transport_of(too_many(seconds))
    with pytest.raises(ResourceExhaustedError):
        list(follow(transport, PATH))
    assert len(sent) == times


def test_a_job_that_is_not_there_is_told_at_once():
    problem = {"code": "NOT_FOUND", "reason": "NOT_FOUND", "detail": "no job", "errors": []}
    transport, sent = transport_of(httpx.Response(404, json=problem))
    with pytest.raises(NotFoundError):
        list(follow(transport, PATH))
    assert len(sent) == 1


def test_after_the_end_there_is_nothing():
    transport, sent = transport_of(": ping\n\n", now="CANCELLED")
    assert list(follow(transport, PATH, after=9)) == []
    assert sent == ["9"]


def test_a_service_that_ends_its_streams_as_it_stops_is_asked_again():
    transport, sent = transport_of(": ping\n\n", wire(event(10), state(11, "SUCCEEDED")))
    assert [e.sequence for e in follow(transport, PATH, after=9)] == [10, 11]
    assert sent == ["9", "9"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


STORY = (
    state(1, "RUNNING"),
    event(2, member=0, epoch=3, epochs=10, terms={"mse": 0.51234}, metrics={}),
    event(3, EventType.PROGRESS, fraction=0.5, estimated_seconds_left=7.6),
    state(4, "SUCCEEDED"),
)


def test_a_terminal_shows_one_line():
    out = Terminal()
    show = ProgressLine(out)
    for told in STORY:
        show(told)
    last = out.getvalue().split("\r")[-1]
    assert last.rstrip() == "SUCCEEDED  50%, 8 s left  member 0 epoch 3/10  mse 0.512"
    assert out.getvalue().count("\n") == 1


def test_a_file_gets_a_line_for_each_state():
    out = io.StringIO()
    show = ProgressLine(out)
    for told in STORY:
        show(told)
    assert len(out.getvalue().splitlines()) == 2


def uploads(*shares):
    """A gene table as it is read while it is ingested, and when it is READY."""
    fields = {"id": "genes_1", "name": "genes.tsv", "size_bytes": 1, "source_sha256": "a" * 64}
    fields |= {"create_time": "2026-01-01T00:00:00Z", "spec": {}}
    for fraction, seconds in shares:
        share = {"fraction": fraction, "estimated_seconds_left": seconds}
        yield GeneTable(state="INGESTING", **fields, **share)
    yield GeneTable(state="READY", **fields)


def test_a_terminal_shows_how_far_an_upload_is():
    out = Terminal()
    show = UploadLine(out)
    for read in uploads((0.0, None), (0.25, 12.2)):
        show(read)
    lines = [line.rstrip(" ") for line in out.getvalue().split("\r")[1:]]
    assert lines == [
        "INGESTING  genes.tsv  0%",
        "INGESTING  genes.tsv  25%, 12 s left",
        f"{'READY  genes.tsv':<100}\n",
    ]


def test_nothing_is_shown_of_an_upload_that_is_ready_at_once():
    out = Terminal()
    show = UploadLine(out)
    for read in uploads():
        show(read)
    assert out.getvalue() == ""


def test_a_file_gets_a_line_for_each_state_of_an_upload():
    out = io.StringIO()
    show = UploadLine(out)
    for read in uploads((0.0, None), (0.25, 12.2)):
        show(read)
    assert out.getvalue().splitlines() == ["INGESTING  genes.tsv  0%", "READY  genes.tsv"]
