"""What goes to an inference worker and what comes back, when somebody waits for the answer.

A question holds the requests of several callers about one model; the reply holds one part for each,
in the same order: the bytes of an answer in JSON, or the error that it met instead. Nobody but its
caller reads a part, so a reply is a header line and the bytes themselves, one behind the other.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from service.contract import errors

Part = bytes | errors.CellgebraError

_KINDS = {
    kind.reason: kind
    for kind in (
        errors.UnknownEditsError,
        errors.InvalidDesignError,
        errors.InvalidArgumentError,
        errors.NotFoundError,
        errors.FailedPreconditionError,
        errors.DeadlineExceededError,
        errors.BrokenArtifactError,
        errors.StorageAwayError,
    )
}


def pack_reply(question_id: str, parts: Sequence[Part]) -> bytes:
    """A reply as it is sent. Law: `unpack_reply` gives the same parts."""
    sizes: list[int | dict[str, Any]] = [
        len(part) if isinstance(part, bytes) else part.as_problem() for part in parts
    ]
    header = orjson.dumps({"question_id": question_id, "parts": sizes})
    return b"".join((header, b"\n", *(part for part in parts if isinstance(part, bytes))))


def unpack_reply(content: bytes) -> tuple[str, list[Part]]:
    """The id of a question, and what its callers get."""
    end = content.index(b"\n") + 1
    header = orjson.loads(content[:end])
    parts: list[Part] = []
    for size in header["parts"]:
        if isinstance(size, int):
            parts.append(content[end : end + size])
            end += size
        else:
            parts.append(_error(size))
    return header["question_id"], parts


def _error(problem: dict[str, Any]) -> errors.CellgebraError:
    offenders = [errors.Offender.model_validate(item) for item in problem["errors"]]
    kind = _KINDS.get(problem["reason"], errors.CellgebraError)
    return kind(problem["detail"], offenders)
