"""Routes of scoring jobs, and of their results."""

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse

from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, ScoringJob
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE, ScoringSpec
from service.handlers import scoring_jobs
from service.handlers.invalid import parse_json
from service.handlers.scoring_jobs import SCORING_JOBS
from service.rest.access import CallerDep
from service.rest.body_limit import MAX_JSON_BYTES
from service.rest.job_routes import JobWords, add_job_routes
from service.rest.parameters import ContextDep, PageDep, RequestId, problems
from service.rest.uploading import announced_bytes, require_raw_body

router = APIRouter(prefix="/v1/scoring-jobs", tags=["scoring jobs"])

UPLOAD_PATH = re.compile(r"/v1/scoring-jobs")

_COMBINATIONS = {
    "model_id": "titer@champion",
    "input": {"kind": "combinations", "pool": {"min_support": 3}, "min_order": 2, "max_order": 3},
    "fields": ["mean", "sd", "interval", "support"],
}
_TABLE = {
    "model_id": "titer@champion",
    "input": {"kind": "table", "design": {"layout": "genotype", "column": "strain"}},
}
_BODY = {
    "required": True,
    "description": "The spec of a job of combinations as JSON; or, with `spec` in the query, the "
    "table itself: TSV, CSV or Parquet; TSV and CSV may be compressed with gzip or zstd",
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/ScoringSpec"},
            "example": _COMBINATIONS,
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post(
    "",
    operation_id="createScoringJob",
    summary="Queue a scoring job",
    status_code=201,
    response_model=ScoringJob,
    responses=problems(404, 409, 413, 422),
    openapi_extra={"requestBody": _BODY},
)
async def create_scoring_job(
    *,
    request: Request,
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    spec: Annotated[
        str | None,
        Query(description="Beside a table: a `ScoringSpec` as JSON", examples=[json.dumps(_TABLE)]),
    ] = None,
    request_id: RequestId = None,
) -> ScoringJob:
    """A table is streamed to disk, then read and checked by a worker before it scores anything."""
    id_ = str(request_id) if request_id else None
    if spec is None:
        wanted = parse_json(
            ScoringSpec, (await _json_body(request)).decode(errors="replace"), field=""
        )
        create = scoring_jobs.score_combinations
        job = await context.threads.run(create, context, caller, wanted, request_id=id_)
    else:
        require_raw_body(request)
        wanted = parse_json(ScoringSpec, spec, field="spec")
        body = scoring_jobs.Body(request.stream(), announced_bytes(request), id_)
        job = await scoring_jobs.score_table(context, caller, wanted, body)
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job


async def _json_body(request: Request) -> bytes:
    """The body, which is a spec and has the bound of one.

    Raises:
        HTTPException: it is larger.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_JSON_BYTES:
            raise HTTPException(
                413,
                f"a spec is at most {MAX_JSON_BYTES} bytes: beside a table it stands in the query",
                headers={"Connection": "close"},
            )
    return bytes(content)


@router.get(
    "", operation_id="listScoringJobs", summary="List scoring jobs", responses=problems(422)
)
async def list_scoring_jobs(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    state: JobState | None = None,
    model_id: str | None = None,
) -> ListAnswer[ScoringJob]:
    """Newest first."""
    return await context.threads.run(
        SCORING_JOBS.list, context, caller, page, state=state, subject_id=model_id
    )


add_job_routes(
    router,
    SCORING_JOBS,
    ScoringJob,
    JobWords("ScoringJob", "scoring job", "; shards that were done are not done again"),
)


def _add_file(name: str, operation_id: str, summary: str, media_type: str) -> None:
    async def download(context: ContextDep, caller: CallerDep, job_id: str) -> Response:
        find = SCORING_JOBS.find_file
        sha256, path = await context.threads.run(find, context, caller, job_id, name)
        headers = {"ETag": f'"{sha256}"', "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, headers=headers, media_type=media_type, filename=name)

    content: dict[str, Any] = {media_type: {}}
    router.get(
        f"/{{job_id}}/{name}",
        operation_id=operation_id,
        summary=summary,
        description="One row an input row, in order; a column a label and field.",
        response_class=Response,
        responses={200: {"content": content, "description": "The results"}, **problems(404)},
    )(download)


_add_file(
    PARQUET_FILE,
    "getScoringResultsParquet",
    "Download results as Parquet, units in the metadata of the columns",
    "application/vnd.apache.parquet",
)
_add_file(
    TSV_FILE,
    "getScoringResultsTsv",
    "Download results as tab-separated values, where the spec asked for them",
    "application/gzip",
)
