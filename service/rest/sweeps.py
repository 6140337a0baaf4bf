"""Routes of sweeps."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, Sweep
from service.contract.sweeps import SweepSpec
from service.handlers import deletion, sweeps
from service.rest.access import CallerDep
from service.rest.parameters import CascadeDep, ContextDep, PageDep, RequestIdDep, problems

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"])

_EXAMPLE = {
    "training": {
        "dataset_id": "dataset_0f3a...",
        "labels": [{"name": "titer"}],
        "split": {"kind": "covariate", "covariate": "cycle", "test": ["5", "6"]},
        "model": {"kind": "perturbation_set"},
    },
    "parameters": [
        {"path": "model.latent_dim", "kind": "int", "low": 8, "high": 64, "log": True},
        {
            "path": "optimizer.learning_rate",
            "kind": "float",
            "low": 1e-4,
            "high": 1e-2,
            "log": True,
        },
        {"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]},
    ],
    "max_trials": 20,
    "budget_seconds": 3600,
}


@router.post(
    "",
    operation_id="createSweep",
    summary="Queue a sweep",
    status_code=201,
    responses=problems(404, 409, 422),
)
async def create_sweep(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    spec: Annotated[SweepSpec, Body(examples=[_EXAMPLE])],
) -> Sweep:
    """Trials are training jobs, compared on inner folds; the test part is seen by the winner."""
    sweep = await context.threads.run(
        sweeps.create_sweep,
        context,
        caller,
        spec,
        request_id=request_id,
    )
    response.headers["Location"] = f"{router.prefix}/{sweep.id}"
    return sweep


@router.get("", operation_id="listSweeps", summary="List sweeps", responses=problems(422))
async def list_sweeps(
    context: ContextDep, caller: CallerDep, page: PageDep, state: JobState | None = None
) -> ListAnswer[Sweep]:
    """Newest first, without their trials."""
    return await context.threads.run(sweeps.list_sweeps, context, caller, page, state=state)


@router.get("/{sweep_id}", operation_id="getSweep", summary="Get a sweep", responses=problems(404))
async def get_sweep(context: ContextDep, caller: CallerDep, sweep_id: str) -> Sweep:
    """With its trials, and its model once it has SUCCEEDED."""
    return await context.threads.run(sweeps.get_sweep, context, caller, sweep_id)


@router.post(
    "/{sweep_id}:cancel",
    operation_id="cancelSweep",
    summary="Cancel a sweep",
    responses=problems(404, 409),
)
async def cancel_sweep(context: ContextDep, caller: CallerDep, sweep_id: str) -> Sweep:
    """With all its jobs; CANCELLING while one of them is still running."""
    return await context.threads.run(sweeps.cancel_sweep, context, caller, sweep_id)


@router.post(
    "/{sweep_id}:resume",
    operation_id="resumeSweep",
    summary="Resume a failed or cancelled sweep",
    responses=problems(404, 409),
)
async def resume_sweep(context: ContextDep, caller: CallerDep, sweep_id: str) -> Sweep:
    """It is queued again; trials that have ended are not done again."""
    return await context.threads.run(sweeps.resume_sweep, context, caller, sweep_id)


@router.delete(
    "/{sweep_id}",
    operation_id="deleteSweep",
    summary="Delete a sweep",
    status_code=204,
    responses=problems(404, 409),
)
async def delete_sweep(
    context: ContextDep,
    caller: CallerDep,
    sweep_id: str,
    *,
    cascade: CascadeDep = False,
) -> None:
    """One that has ended; with `cascade` also its jobs and its model, else refused with any."""
    await deletion.delete_sweep(context, caller, sweep_id, cascade=cascade)
