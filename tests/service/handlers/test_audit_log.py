"""No event is lost for what another one is, or for a commit of which nobody has heard."""

import logging

import pytest
from sqlalchemy.exc import DataError

from service.contract.database import DatabaseAwayError
from service.contract.repositories import audit
from service.handlers.audit_log import NOBODYS


def note(context, number, **told):
    event = {
        "project_id": "default",
        "actor": "key_1",
        "door": "rest",
        "operation": "createSweep",
        "resource_id": f"sweep_{number}",
        "address": "192.0.2.1",
        "result": "OK",
    }
    context.audit.note(**event | told)


def resources(database, project="default"):
    with database.read() as session:
        page = audit.list_events(session, project, page_size=100, page_token=None)
    return sorted(row.resource_id for row in page.rows)


async def test_what_came_behind_a_commit_of_unknown_end_is_written(context, database, monkeypatch):
    """The answer of a commit is lost: all is sent once more, with what has come in between."""
    add = context.audit._add

    def add_and_break_off(batch):
        add(batch)
        raise DatabaseAwayError("the database does not answer")

    note(context, 1)
    monkeypatch.setattr(context.audit, "_add", add_and_break_off)
    await context.audit._write()
    monkeypatch.setattr(context.audit, "_add", add)
    note(context, 2)
    await context.audit._write()
    assert resources(database) == ["sweep_1", "sweep_2"]


async def test_an_address_of_any_length_is_written(context, database):
    """As a proxy's header may hold one; PostgreSQL's column does not."""
    note(context, 1, address="a" * 5000 + "\0", actor="b" * 5000)
    context.audit.note_refusal(
        project_id=NOBODYS, actor="", door="rest", address="\xff" * 5000, result="UNAUTHENTICATED"
    )
    context.audit._take_refusals()
    await context.audit._write()
    assert resources(database) == ["sweep_1"]
    assert resources(database, NOBODYS) == [""]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_cannot_be_written_holds_nothing_up(context, database, monkeypatch, caplog):
    def refuse(_):
        raise DataError("INSERT", {}, Exception("value too long"))

    add = context.audit._add
    note(context, 1)
    monkeypatch.setattr(context.audit, "_add", refuse)
    with caplog.at_level(logging.ERROR):
        await context.audit._write()
    monkeypatch.setattr(context.audit, "_add", add)
    note(context, 2)
    await context.audit._write()
    assert resources(database) == ["sweep_2"]
    assert "1 events of the audit log were lost" in caplog.text
