"""Keys of a project: make, read, revoke, rotate. What changes takes effect here at once."""

from service.contract.api_keys import ApiKey, ApiKeyRequest, IssuedApiKey, RotateRequest
from service.contract.records import ApiKeyRecord
from service.contract.repositories import api_keys
from service.contract.resources import ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.requests import PageRequest, require_storable


def to_key(row: ApiKeyRecord) -> ApiKey:
    """The resource of a row."""
    return ApiKey.model_validate(row, from_attributes=True)


async def create_key(context: Context, caller: Caller, request: ApiKeyRequest) -> IssuedApiKey:
    """Make a key of the caller's project.

    Raises:
        InvalidArgumentError: it would have expired already, or its name cannot be stored.
    """
    require_storable(request.name)
    made = await context.threads.run(_create, context, caller, request)
    await context.keys.refresh()
    return made


def get_key(context: Context, caller: Caller, key_id: str) -> ApiKey:
    """Read a key.

    Raises:
        NotFoundError: this project has no such key.
    """
    with context.database.read() as session:
        return to_key(api_keys.get_key(session, caller.project_id, key_id))


def list_keys(context: Context, caller: Caller, page: PageRequest) -> ListAnswer[ApiKey]:
    """One page of keys, newest first."""
    with context.database.read() as session:
        found = api_keys.list_keys(
            session, caller.project_id, page_size=page.size, page_token=page.token
        )
        items = [to_key(row) for row in found.rows]
    return ListAnswer(items=items, next_page_token=found.next_page_token)


async def revoke_key(context: Context, caller: Caller, key_id: str) -> ApiKey:
    """End a key for good.

    Raises:
        NotFoundError: this project has no such key.
    """
    revoked = await context.threads.run(_revoke, context, caller, key_id)
    await context.keys.refresh()
    return revoked


async def rotate_key(
    context: Context, caller: Caller, key_id: str, request: RotateRequest
) -> IssuedApiKey:
    """Give a key another secret.

    Raises:
        NotFoundError: this project has no such key.
        FailedPreconditionError: it was revoked, or has expired.
    """
    made = await context.threads.run(_rotate, context, caller, key_id, request)
    await context.keys.refresh()
    return made


def _create(context: Context, caller: Caller, request: ApiKeyRequest) -> IssuedApiKey:
    with context.database.write() as session:
        row, secret = api_keys.create_key(session, caller.owner, request)
    return IssuedApiKey(key=to_key(row), secret=secret)


def _revoke(context: Context, caller: Caller, key_id: str) -> ApiKey:
    with context.database.write() as session:
        return to_key(api_keys.revoke_key(session, caller.project_id, key_id))


def _rotate(context: Context, caller: Caller, key_id: str, request: RotateRequest) -> IssuedApiKey:
    keep = request.keep_old_seconds
    with context.database.write() as session:
        row, secret = api_keys.rotate_key(session, caller.project_id, key_id, keep_old_seconds=keep)
        return IssuedApiKey(key=to_key(row), secret=secret)
