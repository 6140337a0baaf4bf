"""Routes of API keys, for admins: those of the caller's own project."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.contract.api_keys import ApiKey, ApiKeyRequest, IssuedApiKey, RotateRequest
from service.contract.resources import ListAnswer
from service.handlers import api_keys
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1/keys", tags=["keys"])

_ROBOT = {"name": "robot", "scopes": ["read", "score"]}
_SHOWN_ONCE = {"Cache-Control": "no-store"}


@router.post(
    "",
    operation_id="createApiKey",
    summary="Make a key",
    status_code=201,
    responses=problems(422),
)
async def create_key(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    body: Annotated[ApiKeyRequest, Body(examples=[_ROBOT])],
) -> IssuedApiKey:
    """Its secret is shown this once. Without an `expire_time` it holds until it is revoked."""
    made = await api_keys.create_key(context, caller, body)
    response.headers.update({**_SHOWN_ONCE, "Location": f"{router.prefix}/{made.key.id}"})
    return made


@router.get("", operation_id="listApiKeys", summary="List keys", responses=problems(422))
async def list_keys(context: ContextDep, caller: CallerDep, page: PageDep) -> ListAnswer[ApiKey]:
    """Newest first, those that were revoked or have expired among them."""
    return await context.threads.run(api_keys.list_keys, context, caller, page)


@router.get("/{key_id}", operation_id="getApiKey", summary="Get a key", responses=problems(404))
async def get_key(context: ContextDep, caller: CallerDep, key_id: str) -> ApiKey:
    """Without its secret, which nobody can read again."""
    return await context.threads.run(api_keys.get_key, context, caller, key_id)


@router.post(
    "/{key_id}:revoke",
    operation_id="revokeApiKey",
    summary="Revoke a key",
    responses=problems(404),
)
async def revoke_key(context: ContextDep, caller: CallerDep, key_id: str) -> ApiKey:
    """For good, in every process within seconds; twice is once."""
    return await api_keys.revoke_key(context, caller, key_id)


@router.post(
    "/{key_id}:rotate",
    operation_id="rotateApiKey",
    summary="Give a key another secret",
    responses=problems(404, 409, 422),
)
async def rotate_key(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    key_id: str,
    body: Annotated[RotateRequest | None, Body(examples=[{"keep_old_seconds": 3600}])] = None,
) -> IssuedApiKey:
    """The new secret is shown this once; the old one holds for `keep_old_seconds`, by default 0."""
    made = await api_keys.rotate_key(context, caller, key_id, body or RotateRequest())
    response.headers.update(_SHOWN_ONCE)
    return made
