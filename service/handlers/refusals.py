"""Who was not let in: each address is told so a few times a second, and then to wait."""

import time
from collections import OrderedDict

from service.contract.errors import (
    CellgebraError,
    NoGrantError,
    ResourceExhaustedError,
    UnauthenticatedError,
)
from service.handlers.audit_log import NOBODYS, AuditLog
from service.handlers.key_ring import HeldKey
from service.handlers.tokens import name_of

_PER_SECOND = 10.0
_AT_ONCE = 20.0
_MAX_ADDRESSES = 4096


class Refusals:
    """A bucket an address, of those that were seen last."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def refuse(
        self, error: CellgebraError, *, is_guess: bool, address: str, door: str, key: HeldKey | None
    ) -> CellgebraError:
        """The error to answer with, which is noted; one too many wrong keys are told to wait."""
        if not isinstance(error, (UnauthenticatedError, NoGrantError)):
            return error
        actor = name_of(error.subject) if isinstance(error, NoGrantError) else ""
        self._audit.note_refusal(
            project_id=NOBODYS if key is None else key.project_id,
            actor=actor if key is None else key.id,
            door=door,
            address=address,
            result=error.code,
        )
        if isinstance(error, NoGrantError) or not is_guess or self._take(address):
            return error
        return ResourceExhaustedError("too many wrong API keys came from this address: wait")

    def _take(self, address: str) -> bool:
        now = time.monotonic()
        left, at = self._buckets.pop(address, (_AT_ONCE, now))
        left = min(_AT_ONCE, left + (now - at) * _PER_SECOND)
        self._buckets[address] = (max(0.0, left - 1.0), now)
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return left >= 1.0
