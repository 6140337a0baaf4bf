"""HTTP with retries: what is safe to send twice is sent again when the service is away."""

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from pydantic import BaseModel

from service.client.problems import error_of, retry_after_seconds
from service.contract.errors import DeadlineExceededError, UnavailableError

Answer = httpx.Response | httpx.TransportError

_PAUSES_SECONDS = (0.2, 0.4, 0.8)
_RETRIED = frozenset({429, 502, 503})
_CONNECT_SECONDS = 5.0
_DOWNLOAD_SECONDS = 75.0  # longer than a server may take before the first byte


class Transport:
    """One connection pool to one service. Every request here may be sent twice.

    Reads may; creates may because each carries a `request_id`; cancelling twice is once; a score
    changes nothing.
    """

    def __init__(
        self, url: str, api_key: str | None, timeout_seconds: float, http: httpx.Client | None
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = http or httpx.Client(
            base_url=url,
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS),
        )

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """The JSON of an answer to GET.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        return self.send("GET", path, parameters).json()

    def post(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        json: object = None,
        *,
        retries: bool = True,
    ) -> Any:  # noqa: ANN401 - JSON
        """The JSON of an answer to POST.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        return self.send("POST", path, parameters, json=json, retries=retries).json()

    def create(self, path: str, spec: BaseModel) -> Any:  # noqa: ANN401 - JSON
        """The JSON of what a POST of a spec has made; sent twice, it is made once.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        return self.post(path, {"request_id": str(uuid.uuid4())}, spec.model_dump(mode="json"))

    def send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        json: object = None,
        content: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        retries: bool = True,
    ) -> httpx.Response:
        """Send a request, again if need be; a file is sent from its start each time.

        Raises:
            CellgebraError: what the service answered, or that it did not.
        """
        chosen = {key: value for key, value in (parameters or {}).items() if value is not None}
        request = partial(
            self._once, method, path, params=chosen, json=json, content=content, headers=headers
        )
        for pause in _PAUSES_SECONDS if retries else ():
            answer = request()
            if not _may_pass(answer):
                return _checked(answer)
            time.sleep(max(pause * random.uniform(0.5, 1.5), _asked_pause(answer)))  # noqa: S311
        return _checked(request())

    def delete(self, path: str, *, cascade: bool = False) -> None:
        """Delete a resource, with `cascade` also what depends on it.

        Sent once: a second one would find nothing although the first has done its work.

        Raises:
            CellgebraError: as `send`.
        """
        parameters = {"cascade": "true"} if cascade else None
        self.send("DELETE", path, parameters, retries=False)

    def _once(self, method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401
        content = request["content"]
        if content is not None and not isinstance(content, bytes):
            content.seek(0)
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError as error:
            return error

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str], read_seconds: float
    ) -> Iterator[httpx.Response]:
        """Open a GET whose body is read piece by piece, without retries.

        Raises:
            CellgebraError: what the service answered.
            httpx.TransportError: the connection was lost.
        """
        timeout = httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise error_of(response)
            yield response

    def download(self, path: str, target: Path) -> Path:
        """Write the body of a GET to a file as it comes, whatever its size; returns its path.

        Raises:
            UnavailableError: the connection was lost; the file is not whole, and is removed.
            CellgebraError: what the service answered.
        """
        part = target.with_name(f"{target.name}.part")
        try:
            with self.stream(path, {}, _DOWNLOAD_SECONDS) as answer, part.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            part.replace(target)
        except httpx.TransportError as error:
            raise UnavailableError(f"{target.name} did not come whole: {error!r}") from error
        finally:
            part.unlink(missing_ok=True)
        return target

    def health(self) -> Any:  # noqa: ANN401 - JSON
        """The body of the readiness answer, which comes with 200 and with 503.

        Raises:
            UnavailableError: the service does not answer.
        """
        return self.readiness("/health/ready")

    def readiness(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The body of an answer that comes with 200 and with 503.

        Raises:
            UnavailableError: the service does not answer.
            CellgebraError: it answers something else.
        """
        try:
            response = self._http.get(path)
            if response.status_code not in (200, 503):
                raise error_of(response)
            return response.json()
        except (httpx.TransportError, ValueError) as error:
            raise UnavailableError(f"the service does not answer: {error!r}") from error

    def close(self) -> None:
        """Close every connection."""
        self._http.close()


def _may_pass(answer: Answer) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(answer, httpx.Response):
        return answer.status_code in _RETRIED
    return not isinstance(answer, httpx.ReadTimeout)


def _asked_pause(answer: Answer) -> float:
    if isinstance(answer, httpx.Response) and "Retry-After" in answer.headers:
        return retry_after_seconds(answer)
    return 0.0


def _checked(answer: Answer) -> httpx.Response:
    if isinstance(answer, httpx.TransportError):
        raise _unreachable(answer) from answer
    if not answer.is_success:
        raise error_of(answer)
    return answer


def _unreachable(error: httpx.TransportError) -> DeadlineExceededError | UnavailableError:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return UnavailableError(f"the service does not answer: {error}; is `cellgebra up` running?")
    if isinstance(error, httpx.TimeoutException):
        return DeadlineExceededError(f"the service did not answer in time: {error!r}")
    return UnavailableError(f"the connection broke: {error!r}")
