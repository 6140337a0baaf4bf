"""Keys and the audit log from the command line, by an admin's key of a running service."""

import json
import stat
import time

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.contract.api_keys import Scope, id_of
from service.contract.repositories import api_keys
from tests.service.keys import make_key
from tests.service.rest.conftest import running


@pytest.fixture
def database_kind():
    """Commands add no SQL."""
    return "sqlite"


@pytest.fixture
def url(settings):
    with running(settings) as (_, url):
        yield url


@pytest.fixture
def admin(database):
    return make_key(database)


@pytest.fixture
def command(url, admin):
    """Runs a command as an admin; gives what it printed, or its complaint."""

    def run(*arguments, status=0, key=admin[1], **environment):
        runner = CliRunner(
            env={"CELLGEBRA_URL": url, "CELLGEBRA_API_KEY": key, "COLUMNS": "200", **environment}
        )
        done = runner.invoke(app, [str(one) for one in arguments])
        assert done.exit_code == status, (done.output, done.exception)
        return done.stdout if status == 0 else done.stderr

    return run


def test_the_life_of_a_key(command, admin, database, tmp_path):
    made = command("keys", "create", "lab", "--scope", "read", "--expires-days", 9).strip()
    key_id = id_of(made)
    keys = [json.loads(line) for line in command("keys", "list", "--json").splitlines()]
    assert [(key["id"], key["scopes"]) for key in keys] == [
        (key_id, ["read"]),
        (admin[0], ["admin"]),
    ]
    assert keys[0]["expire_time"] is not None
    assert keys[0]["created_by"] == admin[0]
    out = tmp_path / "key"
    command("keys", "rotate", key_id, "--keep-old-seconds", 60, "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert id_of(out.read_text().strip()) == key_id
    assert out.read_text().strip() != made
    assert command("keys", "revoke", key_id) == f"{key_id} is revoked\n"
    with database.read() as session:
        assert api_keys.get_key(session, "default", key_id).revoke_time is not None
    assert "was revoked" in command("keys", "rotate", key_id, status=5)


def test_the_audit_log_tells_of_it(command, admin):
    key_id = id_of(command("keys", "create", "lab", "--scope", "read").strip())
    command("keys", "revoke", "key_0", status=3)
    end, told = time.monotonic() + 20, ""
    while told.count("\n") < 2 and time.monotonic() < end:
        told = command("audit", "--actor", admin[0], "--json")
    assert [
        (event["operation"], event["resource_id"], event["result"])
        for event in map(json.loads, told.splitlines())
    ] == [("revokeApiKey", "key_0", "NOT_FOUND"), ("createApiKey", key_id, "OK")]
    only = command("audit", "--operation", "createApiKey", "--result", "OK", "--limit", 1)
    assert key_id in only


def test_what_a_key_may_not_leaves_no_file(command, database, tmp_path):
    out = tmp_path / "key"
    _, reader = make_key(database, Scope.READ)
    create = ("keys", "create", "x", "--scope", "read", "--out", out)
    assert "admin" in command(*create, key=reader, status=7)
    command(*create, key="", status=7)
    assert not out.exists()
    out.write_text("something else")
    assert "is there already" in command(*create, status=1)
    assert out.read_text() == "something else"
    with database.read() as session:
        assert len(api_keys.list_all_keys(session)) == 2


@pytest.mark.slow
def test_a_service_that_is_away_leaves_no_file(command, tmp_path):
    out = tmp_path / "key"
    create = ("keys", "create", "x", "--scope", "read", "--out", out)
    away = command(*create, CELLGEBRA_URL="http://127.0.0.1:1", status=6)
    assert "does not answer" in away
    assert not out.exists()


def test_options_of_the_database_mean_the_database(command, settings, url):
    local = ("--database-url", settings.database_url)
    made = command("keys", "create", "x", "--scope", "read", "--project", "titer", *local)
    assert id_of(made.strip()) in command("keys", "list", "--project", "titer", *local)
    assert id_of(made.strip()) not in command("keys", "list")
    for option in (local, ("--project", "titer")):
        said = command("keys", "list", "--url", url, *option, status=2)
        assert f"{option[0]} is of the database" in " ".join(said.replace("\u2502", " ").split())
