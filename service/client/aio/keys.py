"""API keys and the audit log, for admins."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from service.client.aio.paging import pages
from service.client.aio.transport import AsyncTransport
from service.client.paths import path_of
from service.client.problems import spec_of
from service.contract.api_keys import ApiKey, ApiKeyRequest, IssuedApiKey, RotateRequest
from service.contract.audit import AuditEvent

_PATH = "/v1/keys"
_AUDIT = "/v1/audit"


class AsyncKeys:
    """The API keys of the caller's project, and its audit log; they take a key of an admin."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self, name: str, scopes: Iterable[str], *, expire_time: datetime | None = None
    ) -> IssuedApiKey:
        """Make a key; its secret is in this answer alone.

        It is asked for once: if the connection breaks, look whether `list` has a key that nobody
        holds, and revoke it.

        Raises:
            InvalidArgumentError: it is no key, or would have expired already.
        """
        wanted = {"name": name, "scopes": [*scopes], "expire_time": expire_time}
        spec = spec_of(ApiKeyRequest, wanted).model_dump(mode="json")
        answer = await self._transport.post(_PATH, json=spec, is_repeatable=False)
        return IssuedApiKey.model_validate(answer)

    async def get(self, key_id: str) -> ApiKey:
        """Read a key, without its secret.

        Raises:
            NotFoundError: there is no such key.
        """
        return ApiKey.model_validate(await self._transport.get(path_of(_PATH, key_id)))

    async def revoke(self, key_id: str) -> ApiKey:
        """End a key for good, in every process within seconds; twice is once.

        Raises:
            NotFoundError: there is no such key.
        """
        return ApiKey.model_validate(await self._transport.post(path_of(_PATH, key_id, ":revoke")))

    async def rotate(self, key_id: str, *, keep_old_seconds: int = 0) -> IssuedApiKey:
        """Give a key another secret, which is in this answer alone; the old one holds so long.

        It is asked for once: if the connection breaks, rotate again.

        Raises:
            NotFoundError: there is no such key.
            FailedPreconditionError: it was revoked, or has expired.
        """
        spec = spec_of(RotateRequest, {"keep_old_seconds": keep_old_seconds}).model_dump()
        path = path_of(_PATH, key_id, ":rotate")
        answer = await self._transport.post(path, json=spec, is_repeatable=False)
        return IssuedApiKey.model_validate(answer)

    def list(self) -> AsyncIterator[ApiKey]:
        """Every key, newest first, those that were revoked or have expired among them."""
        return pages(self._transport, _PATH, ApiKey, {})

    def audit(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        result: str | None = None,
        since: datetime | None = None,
    ) -> AsyncIterator[AuditEvent]:
        """Every change and refused key, newest first: of a key, an operation, a result, a time.

        `actor` is the id of a key, `result` OK or the code of an error; `since` has its zone.
        """
        wanted = {"actor": actor, "operation": operation, "result": result}
        begin = None if since is None else since.isoformat()
        return pages(self._transport, _AUDIT, AuditEvent, {**wanted, "since": begin})
