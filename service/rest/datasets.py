"""Routes of data sets."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.resources import Dataset, ListAnswer
from service.handlers import datasets, deletion, uploads
from service.handlers.invalid import parse_json
from service.rest.access import CallerDep
from service.rest.parameters import CascadeDep, ContextDep, PageDep, RequestIdDep, problems
from service.rest.uploading import (
    TABLE_BODY,
    Sha256,
    announced_bytes,
    require_raw_body,
    upload_answer,
)

router = APIRouter(prefix="/v1/datasets", tags=["data sets"])

UPLOAD_PATH = re.compile(r"/v1/datasets")

SPEC_EXAMPLE = (
    '{"design": {"layout": "genotype", "column": "genotype", "kind": "knockdown"}, '
    '"labels": [{"name": "titer", "kind": "titer", "scale": "log", "unit": "mg/L"}]}'
)


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
    openapi_extra={"requestBody": TABLE_BODY},
)
async def create_dataset(
    *,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    spec: Annotated[
        str,
        Query(
            description="What the columns mean: a `DatasetSpec` as JSON", examples=[SPEC_EXAMPLE]
        ),
    ],
    name: Annotated[str, Query(min_length=1, max_length=200)] = "dataset",
    sha256: Sha256 = None,
) -> Response:
    """The body is streamed to disk, then parsed and profiled by a worker.

    201: READY. 202: ingest takes longer than the service waits. 422: the table does not hold
    what the spec says; `errors` lists rows and columns, `dataset_id` names the FAILED data set.
    """
    require_raw_body(request)
    upload = uploads.Upload(
        name=name,
        spec=parse_json(DatasetSpec, spec, field="spec"),
        size_bytes=announced_bytes(request),
        sha256=sha256,
        request_id=request_id,
    )
    dataset = await uploads.upload_dataset(context, caller, upload, request.stream())
    location = request.url_for("get_dataset", dataset_id=dataset.id).path
    return upload_answer(request, dataset, location, "dataset_id")


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


@router.post(
    "/{dataset_id}:cancel",
    operation_id="cancelDataset",
    summary="Cancel the ingest of a data set",
    responses=problems(404, 409),
)
async def cancel_dataset(context: ContextDep, caller: CallerDep, dataset_id: str) -> Dataset:
    """FAILED at once where its ingest waits, else INGESTING until its worker sees it."""
    return await context.threads.run(datasets.cancel_dataset, context, caller, dataset_id)


@router.delete(
    "/{dataset_id}",
    operation_id="deleteDataset",
    summary="Delete a data set",
    status_code=204,
    responses=problems(404, 409),
)
async def delete_dataset(
    context: ContextDep,
    caller: CallerDep,
    dataset_id: str,
    *,
    cascade: CascadeDep = False,
) -> None:
    """With what is stored of it. Refused while trainings depend on it, but with `cascade`."""
    await deletion.delete_dataset(context, caller, dataset_id, cascade=cascade)
