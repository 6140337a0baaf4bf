"""Log lines: each is one line, says what it is about, and what a caller wrote stays inside."""

import json
import logging
import sys

import pytest

from service.contract.logs import JsonFormatter, TextFormatter
from service.contract.tracing import about


def record_of(message, *args, error=None, **extra):
    record = logging.LogRecord("service.rest", logging.WARNING, "x.py", 1, message, args, error)
    vars(record).update(extra)
    return record


def written(record):
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_says_what_it_is_about():
    with about("trace-1", job_id="job_1"):
        line = written(record_of("took %s", "it", model_id="model_1"))
    assert line.pop("time").endswith("+00:00")
    assert line.pop("pid") > 0
    assert line == {
        "level": "WARNING",
        "logger": "service.rest",
        "message": "took it",
        "trace_id": "trace-1",
        "job_id": "job_1",
        "model_id": "model_1",
    }


def test_what_is_said_of_the_line_itself_wins():
    with about("trace-1", job_id="job_1"):
        line = written(record_of("took back", job_id="job_2", trace_id="trace-2"))
    assert (line["job_id"], line["trace_id"]) == ("job_2", "trace-2")


def test_blocks_nest_and_end():
    with about("outer", job_id="job_1"):
        with about("inner", sweep_id="sweep_1"):
            inner = written(record_of("x"))
        outer = written(record_of("x"))
    assert (inner["trace_id"], inner.get("job_id")) == ("inner", None)
    assert (outer["trace_id"], outer["job_id"]) == ("outer", "job_1")
    assert "trace_id" not in written(record_of("x"))


def test_an_error_and_a_line_break_stay_in_the_line():
    try:
        int("bad\nthing")
    except ValueError:
        error = sys.exc_info()
    line = written(record_of('a name\n{"level": "forged"}', error=error, path=object()))
    assert line["level"] == "WARNING"
    assert line["error"].startswith("Traceback")
    assert line["path"].startswith("<object")


@pytest.mark.parametrize(("fields", "end"), [({}, "went"), ({"job_id": "j"}, "went [job_id=j]")])
def test_text_has_the_same_in_brackets(fields, end):
    text = TextFormatter().format(record_of("went", **fields))
    assert text.endswith(f"WARNING service.rest: {end}")
