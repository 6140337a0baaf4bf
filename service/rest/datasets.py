"""Routes of data sets."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.errors import InvalidArgumentError
from service.contract.resources import Dataset, ListAnswer
from service.handlers import datasets, uploads
from service.handlers.invalid import parse_json
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, RequestId, problems
from service.rest.problems import problem

router = APIRouter(prefix="/v1/datasets", tags=["data sets"])

SPEC_EXAMPLE = (
    '{"design": {"layout": "genotype", "column": "genotype", "kind": "knockdown"}, '
    '"labels": [{"name": "titer", "kind": "titer", "scale": "log", "unit": "mg/L"}]}'
)
_TABLE_BODY = {
    "required": True,
    "description": "The table itself: TSV, CSV or Parquet; TSV and CSV may be gzip-compressed",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    "",
    operation_id="createDataset",
    summary="Upload a table of designs and labels",
    status_code=201,
    response_model=Dataset,
    responses={
        202: {"model": Dataset, "description": "Stored; ingest goes on: poll `Location`"},
        **problems(409, 413, 422),
    },
    openapi_extra={"requestBody": _TABLE_BODY},
)
async def create_dataset(
    *,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    spec: Annotated[
        str,
        Query(
            description="What the columns mean: a `DatasetSpec` as JSON", examples=[SPEC_EXAMPLE]
        ),
    ],
    name: Annotated[str, Query(min_length=1, max_length=200)] = "dataset",
    request_id: RequestId = None,
) -> Response:
    """The body is streamed to disk, then parsed and profiled by a worker.

    201: READY. 202: ingest takes longer than the service waits. 422: the table does not hold
    what the spec says; `errors` lists rows and columns, `dataset_id` names the FAILED data set.
    """
    _require_raw_body(request)
    upload = uploads.Upload(
        name=name,
        spec=parse_json(DatasetSpec, spec, field="spec"),
        size_bytes=_announced_bytes(request),
        request_id=str(request_id) if request_id else None,
    )
    dataset = await uploads.upload_dataset(context, caller, upload, request.stream())
    return _answer(request, dataset)


@router.get("", operation_id="listDatasets", summary="List data sets", responses=problems(422))
async def list_datasets(
    context: ContextDep, caller: CallerDep, page: PageDep, state: DatasetState | None = None
) -> ListAnswer[Dataset]:
    """Newest first."""
    return await context.threads.run(datasets.list_datasets, context, caller, page, state=state)


@router.get(
    "/{dataset_id}", operation_id="getDataset", summary="Get a data set", responses=problems(404)
)
async def get_dataset(context: ContextDep, caller: CallerDep, dataset_id: str) -> Dataset:
    """With its profile once it is READY, with what is wrong once it is FAILED."""
    return await context.threads.run(datasets.get_dataset, context, caller, dataset_id)


def _require_raw_body(request: Request) -> None:
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise InvalidArgumentError(
            "send the table itself as the body (curl --data-binary @table.tsv), not a form"
        )


def _announced_bytes(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _answer(request: Request, dataset: Dataset) -> Response:
    location = str(request.url_for("get_dataset", dataset_id=dataset.id).path)
    headers = {"Location": location}
    if dataset.state is DatasetState.FAILED:
        error = dataset.error.model_dump(exclude_defaults=True) if dataset.error else {}
        document = {
            "code": "INTERNAL",
            "reason": "INGEST_FAILED",
            "detail": "ingest failed",
            "errors": [],
            **error,
        }
        return problem(request, document, headers=headers, dataset_id=dataset.id)
    status = 201 if dataset.state is DatasetState.READY else 202
    return JSONResponse(dataset.model_dump(mode="json"), status, headers)
