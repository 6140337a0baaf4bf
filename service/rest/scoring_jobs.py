"""Routes of scoring jobs, and of their results."""

import json
import re
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, ScoringJob
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE, ScoringSpec
from service.handlers import scoring_jobs
from service.handlers.invalid import parse_json
from service.handlers.scoring_jobs import SCORING_JOBS
from service.rest.access import CallerDep
from service.rest.body_limit import MAX_JSON_BYTES
from service.rest.job_routes import JobFile, JobWords, add_file_route, add_job_routes
from service.rest.parameters import ContextDep, PageDep, RequestIdDep, problems
from service.rest.uploading import Sha256, announced_bytes, require_raw_body

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
    "table itself: TSV, CSV, Parquet or .h5ad; TSV and CSV may be compressed with gzip or zstd",
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
    request_id: RequestIdDep,
    spec: Annotated[
        str | None,
        Query(description="Beside a table: a `ScoringSpec` as JSON", examples=[json.dumps(_TABLE)]),
    ] = None,
    sha256: Sha256 = None,
) -> ScoringJob:
    """A table is streamed to disk, then read and checked by a worker before it scores anything."""
    if spec is None:
        scoring_jobs.require_no_table(sha256)
        wanted = parse_json(
            ScoringSpec, (await _json_body(request)).decode(errors="replace"), field=""
        )
        job = await scoring_jobs.score_combinations(context, caller, wanted, request_id=request_id)
    else:
        require_raw_body(request)
        wanted = parse_json(ScoringSpec, spec, field="spec")
        body = scoring_jobs.Body(request.stream(), announced_bytes(request), request_id, sha256)
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


_ROWS = "One row an input row, in order; a column a label and field."
for _file in (
    JobFile(
        PARQUET_FILE,
        "getScoringResultsParquet",
        "Download results as Parquet, units in the metadata of the columns",
        _ROWS,
        "application/vnd.apache.parquet",
        "The results",
    ),
    JobFile(
        TSV_FILE,
        "getScoringResultsTsv",
        "Download results as tab-separated values, where the spec asked for them",
        _ROWS,
        "application/gzip",
        "The results",
    ),
):
    add_file_route(router, SCORING_JOBS, _file)
