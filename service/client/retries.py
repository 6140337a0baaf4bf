"""Which answers may be better in a moment, and how long that moment is."""

import random

import httpx

from service.client.problems import error_of, retry_after_seconds
from service.contract.errors import CellgebraError, DeadlineExceededError, UnavailableError

Answer = httpx.Response | httpx.TransportError

# Each is varied by half, so that clients that failed together do not come back together.
PAUSES_SECONDS = (0.2, 0.4, 0.8)
# A service that asks for more than this is told of, and not waited for.
LONGEST_PAUSE_SECONDS = 60.0

_PASSING = frozenset({429, 502, 503})
# The request has not been worked on: to send it again cannot do its work twice.
_NOT_RECEIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def pause_before_retry(answer: Answer, attempt: int, *, is_repeatable: bool) -> float | None:
    """Seconds to wait before a request is sent again; None: this answer is the last.

    `attempt` counts from 0. A request that is not `is_repeatable` is sent again where the first
    cannot have been worked on: no connection, or a 429. An answer that came too late is the last:
    the next one would be as late. `Retry-After` is waited for, if it is not longer than a minute.
    """
    if attempt >= len(PAUSES_SECONDS) or not _may_pass(answer, is_repeatable=is_repeatable):
        return None
    asked = 0.0
    if isinstance(answer, httpx.Response) and "Retry-After" in answer.headers:
        asked = retry_after_seconds(answer)
    if asked > LONGEST_PAUSE_SECONDS:
        return None
    return max(PAUSES_SECONDS[attempt] * random.uniform(0.5, 1.5), asked)  # noqa: S311


def checked(answer: Answer) -> httpx.Response:
    """The answer, if it is one of success.

    Raises:
        CellgebraError: what the service answered, or that it did not.
    """
    if isinstance(answer, httpx.TransportError):
        raise _unreachable(answer) from answer
    if not answer.is_success:
        raise error_of(answer)
    return answer


def _may_pass(answer: Answer, *, is_repeatable: bool) -> bool:
    if isinstance(answer, httpx.Response):
        return answer.status_code in (_PASSING if is_repeatable else {429})
    if not is_repeatable:
        return isinstance(answer, _NOT_RECEIVED)
    return not isinstance(answer, httpx.ReadTimeout)


def _unreachable(error: httpx.TransportError) -> CellgebraError:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return UnavailableError(f"the service does not answer: {error}; is `cellgebra up` running?")
    if isinstance(error, httpx.TimeoutException):
        return DeadlineExceededError(f"the service did not answer in time: {error!r}")
    return UnavailableError(f"the connection broke: {error!r}")
