"""What the routes of uploads share: the raw body, and the answer by what became of it."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse

from service.contract.datasets import DatasetState
from service.contract.errors import InvalidArgumentError
from service.contract.resources import Dataset, GeneTable, Network
from service.handlers.uploads import SHA256_PATTERN
from service.rest.problems import problem

TABLE_BODY: dict[str, Any] = {
    "required": True,
    "description": "The table itself: TSV, CSV, Parquet or .h5ad; TSV and CSV may be gzipped",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

Sha256 = Annotated[
    str | None,
    Query(
        pattern=SHA256_PATTERN,
        description="SHA-256 of the body in lower-case hex: other bytes are refused",
    ),
]


def require_raw_body(request: Request) -> None:
    """Refuse a form.

    Raises:
        InvalidArgumentError: the body is one.
    """
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise InvalidArgumentError(
            "send the table itself as the body (curl --data-binary @table.tsv), not a form"
        )


def announced_bytes(request: Request) -> int | None:
    """Size of the body, if the sender has told."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def upload_answer(
    request: Request, uploaded: Dataset | GeneTable | Network, location: str, id_field: str
) -> Response:
    """201 if it is READY, 202 if ingest goes on, a problem document if it is FAILED."""
    headers = {"Location": location}
    if uploaded.state is DatasetState.FAILED:
        error = uploaded.error.model_dump(exclude_defaults=True) if uploaded.error else {}
        document = {
            "code": "INTERNAL",
            "reason": "INGEST_FAILED",
            "detail": "ingest failed",
            "errors": [],
            **error,
        }
        named: dict[str, Any] = {id_field: uploaded.id}
        return problem(request, document, headers=headers, **named)
    status = 201 if uploaded.state is DatasetState.READY else 202
    return JSONResponse(uploaded.model_dump(mode="json"), status, headers)
