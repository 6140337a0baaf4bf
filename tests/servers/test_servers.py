"""The tests stand on these servers: they are real, separate and private."""

import stat

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.servers.postgres import postgres_server


def plain(url):
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def test_each_database_is_its_own(postgres):
    first, second = postgres.create_database(), postgres.create_database()
    with psycopg.connect(plain(first), autocommit=True) as connection:
        connection.execute("CREATE TABLE seen (id int)")
    with psycopg.connect(plain(second), autocommit=True) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'seen'")
        assert tables.fetchone() == (0,)
    postgres.drop_database(first)
    postgres.drop_database(second)


def test_a_copy_holds_what_its_template_holds(postgres):
    template = postgres.create_database()
    with psycopg.connect(plain(template), autocommit=True) as connection:
        connection.execute("CREATE TABLE seen AS SELECT 7 AS id")
    copy = postgres.create_database(template=template)
    with psycopg.connect(plain(copy)) as connection:
        assert connection.execute("SELECT id FROM seen").fetchone() == (7,)
    postgres.drop_database(copy)
    postgres.drop_database(template)


def test_our_own_server_asks_for_a_password(monkeypatch):
    monkeypatch.delenv("CELLGEBRA_TEST_POSTGRES_URL", raising=False)
    with postgres_server() as server:
        right = make_url(server.create_database())
        wrong = right.set(password=f"{right.password}x").render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(plain(wrong))


def test_a_named_server_is_used_as_it_is(postgres, monkeypatch):
    url = postgres.create_database()
    monkeypatch.setenv("CELLGEBRA_TEST_POSTGRES_URL", plain(url))
    with postgres_server() as named:
        made = named.create_database()
        assert make_url(made).port == make_url(url).port
        named.drop_database(made)
    postgres.drop_database(url)


def test_valkey_is_real_and_private(valkey):
    with valkey.connect() as client:
        client.rpush("list", "a")
        assert client.blpop("list", timeout=1) == (b"list", b"a")
        assert client.info("server")["tcp_port"] == 0
    assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700


def test_flush_forgets_everything(valkey):
    with valkey.connect() as client:
        client.set("left", "over")
        valkey.flush()
        assert client.dbsize() == 0
