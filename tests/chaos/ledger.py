"""What a client asked for and was answered; the service's rows and blobs have to agree with it.

A client of good manners: every create has a request_id, and is sent again, with the same one, after
an answer that says that it may be.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from service.contract.jobs import JobKind

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.2
RETRYABLE_CODES = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"})


@dataclass(frozen=True)
class Answer:
    """What came back: `text` names the status and the code, or how the connection ended."""

    text: str
    body: dict[str, Any] | None = None
    is_retryable: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return self.body is not None


@dataclass
class Entry:
    """One create, or one score: every answer that it had, and what it made."""

    request_id: str
    kind: JobKind | None
    answers: list[Answer] = field(default_factory=list)
    resource_id: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the service has taken it on."""
        return bool(self.answers) and self.answers[-1].is_good


class Ledger:
    """All that was asked for; threads may write at once."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def open(self, kind: JobKind | None) -> Entry:
        """Begin an entry; `kind` is that of the job, None for a score."""
        entry = Entry(str(uuid4()), kind)
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self, begin: int = 0) -> list[Entry]:
        """Every entry, from the place `begin` on."""
        with self._lock:
            return self._entries[begin:]

    def __len__(self) -> int:
        return len(self.entries())


def read_answer(response: httpx.Response) -> Answer:
    """Judge a response: what was asked for, a problem that may be tried again, or any other."""
    body = response.json()
    if response.is_success:
        return Answer(str(response.status_code), body)
    text = f"{response.status_code} {body.get('code')} {body.get('detail')}"
    return Answer(text, is_retryable=body.get("code") in RETRYABLE_CODES)


def broken_connection(error: httpx.TransportError) -> Answer:
    """The answer of a service that was killed: the client sees that none will come.

    One that keeps silent gives none at all, and nobody knows whether to go on waiting.
    """
    is_silent = isinstance(error, httpx.ReadTimeout)
    return Answer(f"{type(error).__name__}: {error}", is_retryable=not is_silent)


def attempts(seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Turns to try something again, with a pause in between, until the patience is over."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        yield
