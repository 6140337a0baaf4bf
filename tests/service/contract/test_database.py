"""A database that does not answer is told apart from a statement that is wrong."""

import socket

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.contract import database as databases
from service.contract.database import Database, DatabaseAwayError
from tests.servers.processes import free_port

BREAK_OFF = text("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture
def postgresql(postgresql_url):
    database = Database(postgresql_url)
    yield database
    database.close()


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_transaction_that_is_broken_off_is_one_to_try_again(postgresql, way):
    with pytest.raises(DatabaseAwayError) as caught, getattr(postgresql, way)() as session:
        session.execute(BREAK_OFF)
    assert caught.value.as_problem()["code"] == "UNAVAILABLE"
    with getattr(postgresql, way)() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_server_that_is_not_there_does_not_answer():
    database = Database(f"postgresql://ada:secret@127.0.0.1:{free_port()}/lab")
    with pytest.raises(DatabaseAwayError) as caught, database.read() as session:
        session.execute(text("SELECT 1"))
    assert "secret" not in caught.value.detail
    database.close()


def test_a_server_that_is_silent_does_not_answer(monkeypatch):
    monkeypatch.setitem(databases.PATIENCE, "connect_timeout", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql://ada@127.0.0.1:{silent.getsockname()[1]}/lab")
        with pytest.raises(DatabaseAwayError), database.read() as session:
            session.execute(text("SELECT 1"))
        database.close()


def test_a_server_that_has_vanished_is_given_up_unless_the_url_says_otherwise(postgresql_url):
    database = Database(f"{postgresql_url}?keepalives_idle=7")
    with database.engine.connect() as connection:
        told = connection.connection.dbapi_connection.info.get_parameters()
    database.close()
    assert (told["tcp_user_timeout"], told["keepalives_idle"]) == ("30000", "7")


def test_a_file_that_cannot_be_opened_does_not_answer(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'no' / 'folder.db'}")
    with pytest.raises(DatabaseAwayError), database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()


def test_a_wrong_statement_is_not_worth_another_try(database):
    with pytest.raises(DBAPIError), database.write() as session:
        session.execute(text("SELECT * FROM no_such_table"))


def test_who_is_silent_in_a_transaction_loses_its_locks(postgresql_url, monkeypatch):
    monkeypatch.setattr(databases, "IDLE_TRANSACTION_SECONDS", 0.2)
    frozen, other = Database(postgresql_url), Database(postgresql_url)
    lock = text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
    with frozen.engine.connect() as silent:
        silent.execute(lock)
        with other.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '20s'"))
            session.execute(lock)  # once the server has ended the silent one
        with pytest.raises(DBAPIError, match="idle-in-transaction"):
            silent.execute(text("SELECT 1"))
    frozen.close()
    other.close()
