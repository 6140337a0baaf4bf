"""Who calls: one way to tell for every door. Without keys, it is this machine alone."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from service.contract.api_keys import KEY_START
from service.contract.database import Database
from service.contract.errors import CellgebraError, UnauthenticatedError
from service.contract.repositories.api_keys import has_keys
from service.contract.schema import REVISION, schema_of
from service.contract.settings import Settings
from service.handlers.context import LOCAL, Caller, Context

_HEADER = "`Authorization: Bearer cgb_...`"


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_keys(settings: Settings) -> None:
    """Refuse to open a door to the network without a key.

    Raises:
        ValueError: the host is not this machine's loopback address, no key was ever made, and no
            issuer of tokens is set.
        SQLAlchemyError: the database cannot be asked.
    """
    if is_loopback(settings.host) or settings.oidc_issuer is not None:
        return
    database = Database(settings.resolved_database_url, pool_size=1)
    try:
        if schema_of(database) == REVISION:
            with database.read() as session:
                if has_keys(session):
                    return
    finally:
        database.close()
    raise ValueError(
        f"CELLGEBRA_HOST is {settings.host}, and there is no API key: anyone who reaches this "
        "address could read and change everything; run `cellgebra db upgrade` and `cellgebra keys "
        "create NAME --scope admin`, or use 127.0.0.1"
    )


async def is_open(context: Context) -> bool:
    """Whether programs of this machine are answered without a key: none was ever made.

    Raises:
        UnavailableError: the database has been away for too long to tell.
    """
    if context.tokens is not None:
        return False
    return is_loopback(context.settings.host) and not await context.keys.has_keys()


async def admit(
    context: Context, authorization: Sequence[str], *, door: str, address: str
) -> Caller:
    """As `authenticate`; who is refused is noted, and told to wait if it happens too often.

    Raises:
        ResourceExhaustedError: too many wrong keys came from the address.
        CellgebraError: as `authenticate`.
    """
    try:
        return await authenticate(context, authorization)
    except CellgebraError as error:
        raise refusal(context, error, authorization, door=door, address=address) from None


def refusal(
    context: Context,
    error: CellgebraError,
    authorization: Sequence[str],
    *,
    door: str,
    address: str,
) -> CellgebraError:
    """The error to answer a refused caller with; it is noted."""
    secret = authorization[0].rpartition(" ")[2] if authorization else ""
    return context.refusals.refuse(
        error,
        is_guess=bool(authorization),
        address=address,
        door=door,
        key=context.keys.named_by(secret),
    )


async def authenticate(context: Context, authorization: Sequence[str]) -> Caller:
    """The caller, by the values of the header or metadata `authorization`.

    Raises:
        UnauthenticatedError: no key or token, more than one, or none that opens.
        PermissionDeniedError: a good token, to which the settings grant nothing.
        UnavailableError: the database, or the issuer of tokens, is away for too long to tell.
    """
    if not authorization:
        if await is_open(context):
            return LOCAL
        raise UnauthenticatedError(f"send an API key: {_HEADER}")
    if len(authorization) > 1:
        raise UnauthenticatedError(f"send {_HEADER} once, not {len(authorization)} times")
    scheme, _, secret = authorization[0].strip(" ").partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError(f"send the API key as {_HEADER}")
    secret = secret.strip(" ")
    if context.tokens is not None and not secret.startswith(KEY_START):
        holder = await context.tokens.open(secret)
        return Caller(holder.project_id, holder.name, holder.scopes)
    key = await context.keys.find(secret)
    return Caller(key.project_id, key.id, key.scopes)
