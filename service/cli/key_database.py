"""API keys and the audit log on the database itself: the first key needs no running service."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from service.cli.asking import fail
from service.cli.key_files import HandOver
from service.cli.maintenance import read_chosen, run_or_fail

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.contract.api_keys import ApiKey, ApiKeyRequest
    from service.contract.audit import AuditEvent
    from service.contract.database import Database

T = TypeVar("T")

MAX_KEYS = 100_000


@dataclass(frozen=True)
class KeyDatabase:
    """The keys of a project in the database that options and settings name."""

    data_dir: Path | None
    database_url: str | None
    project: str

    def create(self, request: "ApiKeyRequest", hand_over: HandOver, *, if_none: bool) -> bool:
        """Make a key, if there is none at all; says whether one was made.

        It is handed over within the transaction: a key that nobody has is not made.
        """
        from service.contract.api_keys import PROJECT_PATTERN
        from service.contract.repositories import api_keys
        from service.contract.repositories.jobs import Owner

        if not re.fullmatch(PROJECT_PATTERN, self.project):
            raise typer.BadParameter(
                "a project is small letters, digits, - and _, 63 at most", param_hint="--project"
            )

        def make(session: "Session") -> bool:
            if if_none and api_keys.has_keys(session):
                return False
            owner = Owner(self.project, "cellgebra keys")
            row, secret = api_keys.create_key(session, owner, request)
            hand_over(row.id, secret)
            return True

        return self._write(make)

    def list(self) -> Iterator["ApiKey"]:
        """Every key, newest first."""
        from service.contract.repositories import api_keys
        from service.handlers.api_keys import to_key

        with self._open().read() as session:
            page = run_or_fail(
                lambda: api_keys.list_keys(
                    session, self.project, page_size=MAX_KEYS, page_token=None
                )
            )
        return map(to_key, page.rows)

    def revoke(self, key_id: str) -> None:
        """End a key for good."""
        from service.contract.repositories import api_keys

        self._write(lambda session: api_keys.revoke_key(session, self.project, key_id))

    def rotate(self, key_id: str, hand_over: HandOver, *, keep_old_seconds: int) -> None:
        """Give a key another secret, which is handed over within the transaction."""
        from service.contract.repositories import api_keys

        def change(session: "Session") -> None:
            _, secret = api_keys.rotate_key(
                session, self.project, key_id, keep_old_seconds=keep_old_seconds
            )
            hand_over(key_id, secret)

        self._write(change)

    def audit(
        self, *, actor: str | None, operation: str | None, result: str | None, limit: int
    ) -> Iterator["AuditEvent"]:
        """Events of the project, newest first."""
        from service.contract.audit import AuditEvent
        from service.contract.repositories.audit import list_events

        with self._open().read() as session:
            page = run_or_fail(
                lambda: list_events(
                    session,
                    self.project,
                    actor=actor,
                    operation=operation,
                    result=result,
                    page_size=limit,
                    page_token=None,
                )
            )
        return map(AuditEvent.model_validate, page.rows)

    def _open(self) -> "Database":
        from service.contract.database import Database
        from service.contract.schema import require_schema

        settings = read_chosen(self.data_dir, self.database_url)
        database = Database(settings.resolved_database_url, pool_size=1)
        run_or_fail(lambda: require_schema(database))
        return database

    def _write(self, work: "Callable[[Session], T]") -> T:
        from service.contract.errors import CellgebraError

        database = self._open()

        def do() -> T:
            with database.write() as session:
                return work(session)

        try:
            return run_or_fail(do)
        except CellgebraError as error:
            fail(error)
