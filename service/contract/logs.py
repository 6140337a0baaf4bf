"""Log lines of every process, as text for people or JSON for programs, one a line."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from service.contract.tracing import subjects, trace_id

# What every record has; anything else was said with `extra`.
_USUAL = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "asctime",
    "color_message",  # of uvicorn: the same with escapes
    "message",
    "taskName",
}


class LogFormat(StrEnum):
    """How a process writes its log."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least that is told of; small letters mean the same."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"

    @classmethod
    def _missing_(cls, value: object) -> "LogLevel | None":
        return cls.__members__.get(str(value).upper())


def set_up_logs(level: LogLevel, log_format: LogFormat) -> None:
    """Have everything in this process log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    logging.basicConfig(level=level.value, handlers=[handler], force=True)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the line is about: its own words first, then those of the request."""
    about: dict[str, Any] = dict(subjects.get())
    if trace := trace_id.get():
        about["trace_id"] = trace
    return about | {name: value for name, value in vars(record).items() if name not in _USUAL}


class TextFormatter(logging.Formatter):
    """Time, level, logger, message, and what it is about in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the library
        """The line, without what follows of an exception."""
        return super().formatMessage(record) + _in_brackets(_fields(record))


def _in_brackets(fields: Mapping[str, Any]) -> str:
    told = " ".join(f"{name}={value}" for name, value in fields.items())
    return f" [{told}]" if told else ""


class JsonFormatter(logging.Formatter):
    """An object: time, level, logger, message, process, error if any, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what JSON has no form for is written as text."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
            **_fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
