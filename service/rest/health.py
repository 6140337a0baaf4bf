"""Routes of health."""

from fastapi import APIRouter, Response

from service.contract.resources import Health
from service.handlers.health import check_health
from service.rest.parameters import ContextDep

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", operation_id="live", summary="Is the process alive?")
async def live() -> dict[str, bool]:
    """Answers as long as the process does."""
    return {"live": True}


@router.get(
    "/ready",
    operation_id="ready",
    summary="Can the service work?",
    responses={503: {"model": Health, "description": "A part is missing"}},
)
async def ready(response: Response, context: ContextDep) -> Health:
    """The database, the broker, and a live worker of every queue of this deployment."""
    health = await context.threads.run_shared(check_health, context)
    if not health.ready:
        response.status_code = 503
    return health
