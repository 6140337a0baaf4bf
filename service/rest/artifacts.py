"""Routes of artifacts: blobs with ranges, by hash."""

import re
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

from service.contract.resources import Artifact, ListAnswer
from service.handlers import artifacts
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOB: dict[str, Any] = {
    "content": {"*/*": {}}
}  # OpenAPI 3.1 says bytes of any type by leaving the schema out


@router.get("", operation_id="listArtifacts", summary="List artifacts", responses=problems(422))
async def list_artifacts(
    context: ContextDep, caller: CallerDep, page: PageDep
) -> ListAnswer[Artifact]:
    """Newest first."""
    return await context.threads.run(artifacts.list_artifacts, context, caller, page)


@router.head(
    "/{sha256}",
    operation_id="headArtifact",
    summary="Look an artifact up",
    response_class=Response,
    responses={200: {**_BLOB, "description": "Its headers"}, **problems(404)},
)
@router.get(
    "/{sha256}",
    operation_id="getArtifact",
    summary="Download an artifact",
    response_class=Response,
    responses={
        200: {**_BLOB, "description": "The blob"},
        206: {**_BLOB, "description": "A part of it"},
        **problems(404, 416),
    },
)
async def get_artifact(
    request: Request, context: ContextDep, caller: CallerDep, sha256: str
) -> Response:
    """Takes `Range` (one), `If-Range` and `If-None-Match`; the ETag is the hash."""
    artifact = await context.threads.run(artifacts.get_artifact, context, caller, sha256)
    headers = {
        "ETag": f'"{artifact.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        # A blob holds what someone uploaded: it is never shown as a page of this origin.
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":  # which has no range, and needs no file: that may be far
        headers["Content-Length"] = str(artifact.size_bytes)
        return Response(headers=headers, media_type=artifact.media_type)
    _check_range(request, artifact.size_bytes)
    path = await context.threads.run(context.store.path, artifact.sha256)
    return FileResponse(path, headers=headers, media_type=artifact.media_type)


def _has(if_none_match: str, etag: str) -> bool:
    given = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in given or "*" in given


def _check_range(request: Request, size_bytes: int) -> None:
    """Leave one sound range to the response, drop any other, refuse what the blob does not have.

    RFC 9110 has a range that cannot be read ignored; several at once are ignored as well.
    """
    match = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    first, last = match.groups() if match else ("", "")
    if not (first or last) or (first and last and int(first) > int(last)):
        headers = request.scope["headers"]
        request.scope["headers"] = [pair for pair in headers if pair[0] != b"range"]
        return
    is_empty = int(first) >= size_bytes if first else int(last) == 0
    if is_empty:
        raise HTTPException(
            416,
            f"the artifact has {size_bytes} bytes",
            headers={"Content-Range": f"bytes */{size_bytes}"},
        )
