"""Commands of API keys: of a running service, by an admin's key, or on the database itself."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.asking import AsJson, Limit, ask, list_all
from service.cli.key_database import MAX_KEYS, KeyDatabase
from service.cli.key_files import hand_over_made, handing_over
from service.cli.maintenance import DatabaseUrl, DataDir

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.contract.api_keys import ApiKey, ApiKeyRequest
    from service.contract.audit import AuditEvent

keys = typer.Typer(
    help="API keys: make, list, revoke, rotate, by --url or on the database itself.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="CELLGEBRA_URL",
        help="Address of a running service, for an admin's key. [default: the database itself]",
    ),
]
_Project = Annotated[
    str | None,
    typer.Option(
        help="On the database: the project whose records the key sees. [default: default]"
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(help="A file that does not exist yet, for the key alone, with mode 0600."),
]
_KeyId = Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")]
_DEFAULT_PROJECT = "default"
# They mean the database, as a parameter and as who types it knows it.
_OF_THE_DATABASE = {
    "data_dir": "--data-dir",
    "database_url": "--database-url",
    "project": "--project",
    "if_none": "--if-none",
}


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for, or whose it is.")],
    *,
    scope: Annotated[
        list[str], typer.Option(help="read, score, train or admin; may be given more than once.")
    ],
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days that it holds. [default: for ever]")
    ] = None,
    out: _Out = None,
    if_none: Annotated[
        bool,
        typer.Option("--if-none", help="On the database: do nothing if there is a key already."),
    ] = False,
    url: _Url = None,
    project: _Project = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once. Programs read it from CELLGEBRA_API_KEY."""
    asked = _asked_url(context, url)
    local = KeyDatabase(data_dir, database_url, project or _DEFAULT_PROJECT)
    request = _request(name, scope, expires_days)
    with handing_over(out, as_json=as_json) as hand_over:
        if asked is None:
            if not local.create(request, hand_over, if_none=if_none):
                _tell_of_none(as_json=as_json)
            return

        def make(client: "Cellgebra") -> None:
            end = request.expire_time
            made = client.keys.create(request.name, request.scopes, expire_time=end)
            hand_over_made(hand_over, made.key.id, made.secret)

        ask(asked, make)


@keys.command(name="list")
def list_keys(
    context: typer.Context,
    *,
    url: _Url = None,
    project: _Project = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the keys of a project, newest first; nobody can read a secret again."""
    columns: dict[str, Callable[..., object]] = {
        "id": lambda key: key.id,
        "name": lambda key: key.name,
        "scopes": lambda key: " ".join(key.scopes),
        "created": lambda key: key.create_time,
        "last used": lambda key: key.last_use_time,
        "expires": lambda key: key.expire_time,
        "revoked": lambda key: key.revoke_time,
    }

    def tell(found: "Iterable[ApiKey]") -> None:
        list_all(found, columns, as_json=as_json, limit=MAX_KEYS)

    asked = _asked_url(context, url)
    local = KeyDatabase(data_dir, database_url, project or _DEFAULT_PROJECT)
    if asked is None:
        tell(local.list())
    else:
        ask(asked, lambda client: tell(client.keys.list()))


@keys.command()
def revoke(
    context: typer.Context,
    key_id: _KeyId,
    *,
    url: _Url = None,
    project: _Project = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End a key for good; a running service refuses it within CELLGEBRA_KEY_REFRESH_SECONDS."""
    asked = _asked_url(context, url)
    local = KeyDatabase(data_dir, database_url, project or _DEFAULT_PROJECT)
    if asked is None:
        local.revoke(key_id)
    else:

        def end(client: "Cellgebra") -> None:
            client.keys.revoke(key_id)

        ask(asked, end)
    told = json.dumps({"id": key_id, "is_revoked": True})
    typer.echo(told if as_json else f"{key_id} is revoked")


@keys.command()
def rotate(
    context: typer.Context,
    key_id: _KeyId,
    *,
    keep_old_seconds: Annotated[
        int, typer.Option(min=0, max=604_800, help="How long the old secret holds beside the new.")
    ] = 0,
    out: _Out = None,
    url: _Url = None,
    project: _Project = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret, and show it this once."""
    asked = _asked_url(context, url)
    local = KeyDatabase(data_dir, database_url, project or _DEFAULT_PROJECT)
    with handing_over(out, as_json=as_json) as hand_over:
        if asked is None:
            local.rotate(key_id, hand_over, keep_old_seconds=keep_old_seconds)
            return

        def change(client: "Cellgebra") -> None:
            made = client.keys.rotate(key_id, keep_old_seconds=keep_old_seconds)
            hand_over_made(hand_over, made.key.id, made.secret)

        ask(asked, change)


def audit(
    context: typer.Context,
    *,
    actor: Annotated[str | None, typer.Option(help="Of this key alone, by its id.")] = None,
    operation: Annotated[str | None, typer.Option(help="Of this operation alone.")] = None,
    result: Annotated[str | None, typer.Option(help="OK, or the code of an error.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    url: _Url = None,
    project: Annotated[
        str | None,
        typer.Option(
            help="On the database: of this project; - has refusals that name no key. "
            "[default: default]"
        ),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show the audit log, newest first: who did what, when, from where, and what came of it."""
    columns: dict[str, Callable[..., object]] = {
        "time": lambda event: event.create_time,
        "actor": lambda event: event.actor or None,
        "operation": lambda event: event.operation,
        "resource": lambda event: event.resource_id or None,
        "result": lambda event: event.result,
        "count": lambda event: event.event_count,
        "address": lambda event: event.address,
        "door": lambda event: event.door,
        "trace": lambda event: event.trace_id,
    }

    def tell(found: "Iterable[AuditEvent]") -> None:
        list_all(found, columns, as_json=as_json, limit=limit)

    asked = _asked_url(context, url)
    local = KeyDatabase(data_dir, database_url, project or _DEFAULT_PROJECT)
    if asked is None:
        tell(local.audit(actor=actor, operation=operation, result=result, limit=limit))
        return
    ask(
        asked,
        lambda client: tell(client.keys.audit(actor=actor, operation=operation, result=result)),
    )


def _tell_of_none(*, as_json: bool) -> None:
    typer.echo("there is a key already: none was made", err=True)
    if as_json:
        typer.echo(json.dumps({"id": None}))


def _asked_url(context: typer.Context, url: str | None) -> str | None:
    """The service to ask; None: the database itself.

    Options of the database win over CELLGEBRA_URL, and are refused beside `--url`.
    """
    given = [name for key, name in _OF_THE_DATABASE.items() if context.params.get(key)]
    if url is None or not given:
        return url
    source = context.get_parameter_source("url")
    if source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter(
            f"{given[0]} is of the database: a service has one, and shows the project of the key "
            "that asks (CELLGEBRA_API_KEY); leave out one of the two",
            param_hint="--url",
        )
    return None


def _request(name: str, scopes: list[str], expires_days: int | None) -> "ApiKeyRequest":
    from pydantic import ValidationError

    from service.contract.api_keys import ApiKeyRequest

    end = None if expires_days is None else datetime.now(UTC) + timedelta(days=expires_days)
    try:
        return ApiKeyRequest(name=name, scopes=scopes, expire_time=end)  # type: ignore[arg-type]
    except ValidationError as error:
        problem = error.errors()[0]
        raise typer.BadParameter(f"{problem['loc'][0]}: {problem['msg']}") from error
