"""Every error that a user can meet, free of any transport.

CellgebraError
    InvalidArgumentError        the request itself is wrong
        InvalidDesignError          a genotype or an edit is malformed
        UnknownEditsError           designs name edits that the model cannot encode
        UnknownGeneError            a gene table has no such locus or alias
        AmbiguousGeneError          a name is an alias of several genes
        InvalidRequestError         the request does not follow the schema
        BadTableError               an uploaded file does not hold what its mapping says
        BrokenTableError            a body cannot be read as the table that it is said to be
        UploadTooLargeError         an uploaded file is larger than this deployment takes
        MessageTooLargeError        a gRPC message has more bytes than one may have
    NotFoundError               no such resource in this project
    ConflictError               the same request_id with another body
    NameTakenError              a name that has to be unique is in use
    FailedPreconditionError     the resource is in a state that does not allow this
        IngestCancelledError        an upload whose ingest was cancelled
    ResourceExhaustedError      a limit is reached; try again later
        QuotaExceededError          a key has had what it may in a day
    DeadlineExceededError       the answer would have come too late
        SlowSenderError             the request itself comes too slowly
    UnavailableError            a part of the service does not answer
        StorageFullError            the disk takes no more
        StorageAwayError            the bucket does not answer, or does not let the service in
        BrokenArtifactError         a stored blob is missing, or is not what it was
    UnauthenticatedError        no valid key
    PermissionDeniedError       the key lacks the scope
        NoGrantError                a good token, to which the settings grant nothing
    LeaseLostError              another worker took the job over (never leaves a worker)
    WorkerLostError             worker after worker was lost at one piece of work

`code` is a google.rpc.Code name; one table maps it to HTTP and one to gRPC.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel


class Offender(BaseModel):
    """One thing that is wrong: what, where, and what may have been meant.

    `row` counts data rows of the uploaded file from 1 (the header is not counted).
    """

    message: str
    field: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    suggestions: list[str] = []


class CellgebraError(Exception):
    """Root of the tree. `detail` says what, where and what to do.

    `named` holds ids of what the error has left behind, by the name of their field.
    """

    code: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, detail: str, offenders: Sequence[Offender] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.offenders = list(offenders)
        self.named: dict[str, str] = {}

    def as_problem(self) -> dict[str, Any]:
        """JSON form kept in a row or sent in a problem document (without HTTP's members)."""
        return {
            "code": self.code,
            "reason": self.reason,
            "detail": self.detail,
            "errors": [offender.model_dump(exclude_defaults=True) for offender in self.offenders],
        }


class InvalidArgumentError(CellgebraError, ValueError):
    """The request itself is wrong: sending it again will not help."""

    code = "INVALID_ARGUMENT"
    reason = "INVALID_ARGUMENT"


class InvalidDesignError(InvalidArgumentError):
    """A genotype or an edit is malformed."""

    reason = "INVALID_DESIGN"


class UnknownEditsError(InvalidArgumentError):
    """Designs name edits that the model has never seen; every offender is listed."""

    reason = "UNKNOWN_EDITS"


class BadTableError(InvalidArgumentError):
    """An uploaded file does not hold what its mapping says."""

    reason = "BAD_TABLE"


class BrokenTableError(InvalidArgumentError):
    """A body cannot be read as the table that it is said to be."""

    reason = "BROKEN_TABLE"


class UnknownGeneError(InvalidArgumentError):
    """A gene table has no such locus or alias."""

    reason = "UNKNOWN_GENE"


class AmbiguousGeneError(InvalidArgumentError):
    """A name is an alias of several genes; the candidates are named."""

    reason = "AMBIGUOUS_GENE"


class InvalidRequestError(InvalidArgumentError):
    """The request does not follow the schema."""

    reason = "INVALID_REQUEST"


class UploadTooLargeError(InvalidArgumentError):
    """The body is larger than this deployment takes."""

    reason = "UPLOAD_TOO_LARGE"


class MessageTooLargeError(InvalidArgumentError):
    """A gRPC message has more bytes than one may have."""

    reason = "MESSAGE_TOO_LARGE"


class NotFoundError(CellgebraError):
    """No such resource in this project."""

    code = "NOT_FOUND"
    reason = "NOT_FOUND"


class ConflictError(CellgebraError):
    """A request_id was used before with another body."""

    code = "ALREADY_EXISTS"
    reason = "REQUEST_ID_REUSED"


class NameTakenError(CellgebraError):
    """A name that has to be unique is in use."""

    code = "ALREADY_EXISTS"
    reason = "NAME_TAKEN"


class FailedPreconditionError(CellgebraError):
    """The resource is in a state that does not allow this."""

    code = "FAILED_PRECONDITION"
    reason = "WRONG_STATE"


class IngestCancelledError(FailedPreconditionError):
    """Somebody had it that an upload is not read to its end."""

    reason = "INGEST_CANCELLED"


class ResourceExhaustedError(CellgebraError):
    """A limit is reached; try again after `retry_after_seconds`."""

    code = "RESOURCE_EXHAUSTED"
    reason = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class QuotaExceededError(ResourceExhaustedError):
    """A key has had what it may in a day."""

    reason = "QUOTA_EXCEEDED"


class DeadlineExceededError(CellgebraError):
    """The answer did not come in time; nothing was changed."""

    code = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_EXCEEDED"


class SlowSenderError(DeadlineExceededError):
    """A body does not come, or comes more slowly than any honest sender's."""

    reason = "REQUEST_TIMEOUT"


class UnavailableError(CellgebraError):
    """A part of the service does not answer."""

    code = "UNAVAILABLE"
    reason = "UNAVAILABLE"


class StorageFullError(UnavailableError):
    """The disk takes no more."""

    reason = "STORAGE_FULL"


class StorageAwayError(UnavailableError):
    """The bucket that holds the blobs cannot be used."""

    reason = "STORAGE_AWAY"


class BrokenArtifactError(UnavailableError):
    """A stored blob is missing, or its content is not that of its sha256."""

    reason = "BROKEN_ARTIFACT"


class UnauthenticatedError(CellgebraError):
    """No valid key came with the request."""

    code = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class PermissionDeniedError(CellgebraError):
    """The key lacks the scope."""

    code = "PERMISSION_DENIED"
    reason = "PERMISSION_DENIED"


class NoGrantError(PermissionDeniedError):
    """A good token of `subject`, to which the settings grant nothing."""

    reason = "NO_GRANT"

    def __init__(
        self, detail: str, offenders: Sequence[Offender] = (), *, subject: str = ""
    ) -> None:
        super().__init__(detail, offenders)
        self.subject = subject


class LeaseLostError(CellgebraError):
    """Another worker holds the job now: stop, write nothing."""

    code = "ABORTED"
    reason = "LEASE_LOST"


class WorkerLostError(CellgebraError):
    """Worker after worker was lost at one piece of work: the next would be, too."""

    code = "ABORTED"
    reason = "WORKER_LOST"


def class_of(code: str, reason: str) -> type[CellgebraError]:
    """The class of a reason, else of a code; the root for what this version does not know."""
    known = [kind for kind in _tree(CellgebraError) if kind.__module__ == __name__]
    for kind in known:
        if kind.reason == reason:
            return kind
    return next((kind for kind in known if kind.code == code), CellgebraError)


def _tree(kind: type[CellgebraError]) -> list[type[CellgebraError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _tree(child))]
