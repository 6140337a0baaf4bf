"""Route of the catalogue of losses."""

from fastapi import APIRouter

from service.contract.losses import LossCatalog
from service.handlers.losses import list_losses
from service.rest.access import CallerDep

router = APIRouter(prefix="/v1/losses", tags=["losses"])


@router.get("", operation_id="listLosses", summary="List losses")
async def get_losses(_: CallerDep) -> LossCatalog:
    """What a training job can name under `loss.terms`, and what else there is."""
    return list_losses()
