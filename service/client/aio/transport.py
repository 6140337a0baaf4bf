"""HTTP with retries: what is safe to send twice is sent again when the service is away."""

import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from io import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from pydantic import BaseModel

from service.client.aio.waiting import apart, pause
from service.client.paths import address_of
from service.client.problems import bearer_of, error_of
from service.client.retries import Answer, checked, pause_before_retry
from service.contract.errors import UnavailableError

_CONNECT_SECONDS = 5.0
_DOWNLOAD_SECONDS = 75.0  # longer than a server may take before the first byte
_PIECE_BYTES = 2**18

Content = bytes | BinaryIO


class AsyncTransport:
    """One connection pool to one service, its own or the caller's `http`.

    A key goes with each request, so that nothing else that `http` is used for sends it.

    Requests may be sent twice: reads; creates, because each carries a `request_id`; to cancel twice
    is to cancel once; a score changes nothing. Those that may not say so (`is_repeatable`).
    """

    def __init__(
        self, url: str, api_key: str | None, timeout_seconds: float, http: httpx.AsyncClient | None
    ) -> None:
        self._headers = {"Authorization": bearer_of(api_key)} if api_key else {}
        self._url = "" if http is not None and http.base_url.host else address_of(url)
        self._http = http or httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS)
        )

    @property
    def address(self) -> str:
        """Where the service is."""
        return self._url or str(self._http.base_url)

    async def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """The JSON of an answer to GET.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        answer = await self.send("GET", path, parameters)
        return answer.json()

    async def post(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        json: object = None,
        *,
        is_repeatable: bool = True,
    ) -> Any:  # noqa: ANN401 - JSON
        """The JSON of an answer to POST.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        answer = await self.send("POST", path, parameters, json=json, is_repeatable=is_repeatable)
        return answer.json()

    async def create(self, path: str, spec: BaseModel) -> Any:  # noqa: ANN401 - JSON
        """The JSON of what a POST of a spec has made; sent twice, it is made once.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        parameters = {"request_id": str(uuid.uuid4())}
        return await self.post(path, parameters, spec.model_dump(mode="json"))

    async def send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        json: object = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = True,
    ) -> httpx.Response:
        """Send a request, again if need be; a file is sent from its start each time.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        chosen = {key: value for key, value in (parameters or {}).items() if value is not None}
        told = {**self._headers, **(headers or {}), **_size_of(content)}
        address = f"{self._url}{path}"
        attempt = 0
        while True:
            request = self._http.build_request(
                method, address, params=chosen, json=json, content=_body_of(content), headers=told
            )
            answer = await self._once(request)
            seconds = pause_before_retry(answer, attempt, is_repeatable=is_repeatable)
            if seconds is None:
                return checked(answer)
            await pause(seconds)
            attempt += 1

    async def delete(self, path: str, *, cascade: bool = False) -> None:
        """Delete a resource, with `cascade` also what depends on it.

        Not repeatable: a second one would find nothing although the first has done its work.

        Raises:
            CellgebraError: as `send`.
        """
        parameters = {"cascade": "true"} if cascade else None
        await self.send("DELETE", path, parameters, is_repeatable=False)

    async def _once(self, request: httpx.Request) -> Answer:
        try:
            return await self._http.send(request)
        except httpx.TransportError as error:
            return error

    @asynccontextmanager
    async def stream(
        self, path: str, headers: Mapping[str, str], read_seconds: float
    ) -> AsyncGenerator[httpx.Response, None]:
        """Open a GET whose body is read piece by piece, without retries.

        Raises:
            CellgebraError: what the service answered.
            httpx.TransportError: the connection was lost.
        """
        async with self._opened(path, headers, read_seconds) as response:
            if not response.is_success:
                await response.aread()
                raise error_of(response)
            yield response

    @asynccontextmanager
    async def _opened(
        self, path: str, headers: Mapping[str, str], read_seconds: float
    ) -> AsyncGenerator[httpx.Response, None]:
        timeout = httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS)
        address, told = f"{self._url}{path}", {**self._headers, **headers}
        async with self._http.stream("GET", address, headers=told, timeout=timeout) as response:
            yield response

    async def download(
        self, path: str, target: Path, check: Callable[[Path], None] = lambda _: None
    ) -> Path:
        """Write the body of a GET to a file as it comes, whatever its size; returns its path.

        It is asked for again where it is refused for a moment, and not once it has begun to come.
        `check` sees the file before it gets its name, and may refuse it.

        Raises:
            UnavailableError: the connection was lost; the file is not whole, and is removed.
            CellgebraError: what the service answered.
        """
        part = target.with_name(f"{target.name}.part")
        attempt = 0
        try:
            while (seconds := await self._download_once(path, part, attempt)) is not None:
                await pause(seconds)
                attempt += 1
            await apart(check, part)
            part.replace(target)
        except httpx.TransportError as error:
            raise UnavailableError(f"{target.name} did not come whole: {error!r}") from error
        finally:
            part.unlink(missing_ok=True)
        return target

    async def _download_once(self, path: str, part: Path, attempt: int) -> float | None:
        """Write the file, or give the seconds to wait before it is asked for again."""
        async with self._opened(path, {}, _DOWNLOAD_SECONDS) as answer:
            if answer.is_success:
                await _write(answer, part)
                return None
            await answer.aread()
            seconds = pause_before_retry(answer, attempt, is_repeatable=True)
            if seconds is None:
                raise error_of(answer)
            return seconds

    async def health(self) -> Any:  # noqa: ANN401 - JSON
        """The body of the readiness answer, which comes with 200 and with 503.

        Raises:
            UnavailableError: the service does not answer.
        """
        return await self.readiness("/health/ready")

    async def readiness(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The body of an answer that comes with 200 and with 503.

        Raises:
            UnavailableError: the service does not answer.
            CellgebraError: it answers something else.
        """
        try:
            response = await self._http.get(f"{self._url}{path}", headers=self._headers)
            if response.status_code not in (200, 503):
                raise error_of(response)
            return response.json()
        except (httpx.TransportError, ValueError) as error:
            raise UnavailableError(f"the service does not answer: {error!r}") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


async def _write(answer: httpx.Response, path: Path) -> None:
    with path.open("wb") as file:
        async for piece in answer.aiter_bytes(_PIECE_BYTES):
            await apart(file.write, piece)


def _size_of(content: Content | None) -> dict[str, str]:
    """The header that tells how long a file is, so that it need not be sent in chunks."""
    if content is None or isinstance(content, bytes):
        return {}
    return {"Content-Length": str(content.seek(0, SEEK_END))}


def _body_of(content: Content | None) -> bytes | AsyncGenerator[bytes, None] | None:
    """Bytes as they are, a file from its start, piece by piece."""
    return content if content is None or isinstance(content, bytes) else _pieces(content)


async def _pieces(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    file.seek(0)
    while piece := await apart(file.read, _PIECE_BYTES):
        yield piece
