"""Keys from the command line, on the database itself."""

import json
import stat
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.contract.api_keys import id_of
from service.contract.repositories import api_keys
from service.migrations.migrate import migrate
from tests.service.cli.test_command import refused


@pytest.fixture
def database_kind():
    """Commands add no SQL."""
    return "sqlite"


def run(*arguments):
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def keys(database_url):
    return lambda *arguments: run("keys", *arguments, "--database-url", database_url)


def test_the_life_of_a_key(keys, database, tmp_path):
    made = keys("create", "lab", "--scope", "read", "--scope", "score", "--expires-days", 9)
    assert made.returncode == 0, made.stderr
    key_id = id_of(made.stdout.strip())
    shown = json.loads(keys("list", "--json").stdout)
    assert (shown["id"], shown["name"], shown["scopes"]) == (key_id, "lab", ["read", "score"])
    assert shown["expire_time"] is not None
    assert made.stdout.strip() not in keys("list").stdout
    out = tmp_path / "key"
    rotated = keys("rotate", key_id, "--keep-old-seconds", 60, "--out", out)
    assert rotated.returncode == 0, rotated.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert id_of(out.read_text().strip()) == key_id
    assert out.read_text() != made.stdout
    assert keys("revoke", key_id).returncode == 0
    with database.read() as session:
        assert api_keys.get_key(session, "default", key_id).revoke_time is not None
    assert "was revoked" in keys("rotate", key_id).stderr


def test_a_key_that_cannot_be_handed_over_is_not_made(keys, database, tmp_path):
    out = tmp_path / "key"
    out.write_text("something else")
    assert "is there already" in refused(keys("create", "x", "--scope", "admin", "--out", out))
    with database.read() as session:
        assert not api_keys.has_keys(session)
    assert out.read_text() == "something else"


def test_a_start_script_makes_one_key(keys, database, tmp_path):
    for number in range(2):
        out = tmp_path / f"key-{number}"
        done = keys("create", "first", "--scope", "admin", "--if-none", "--out", out)
        assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.glob("key-*")] == ["key-0"]
    with database.read() as session:
        assert len(api_keys.list_all_keys(session)) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["create", "x", "--scope", "all"], 2, "'read', 'score', 'train' or 'admin'"),
        (["create", "x"], 2, "--scope"),
        (["create", "", "--scope", "read"], 2, "at least 1 character"),
        (["create", "x", "--scope", "read", "--project", "A b"], 2, "small letters"),
        (["revoke", "key_1"], 3, "no API key key_1"),
        (["rotate", "key_1"], 3, "no API key key_1"),
    ],
)
def test_what_cannot_be_done_is_said(keys, arguments, status, said):
    done = keys(*arguments)
    assert done.returncode == status, done
    assert said in " ".join(done.stderr.replace("\u2502", " ").split())


def test_a_database_without_tables_is_told_of(tmp_path):
    url = f"sqlite:///{tmp_path / 'none.db'}"
    done = run("keys", "list", "--database-url", url)
    assert "cellgebra db upgrade" in refused(done)
    migrate(url)
    assert run("keys", "list", "--database-url", url).returncode == 0


def test_a_key_as_one_object(keys, tmp_path):
    done = keys("create", "lab", "--scope", "read", "--json")
    made = json.loads(done.stdout)
    assert (made, done.stderr) == ({"id": id_of(made["secret"]), "secret": made["secret"]}, "")
    out = tmp_path / "key"
    rotated = keys("rotate", made["id"], "--out", out, "--json")
    assert json.loads(rotated.stdout) == {"id": made["id"], "path": str(out)}
    assert out.read_text().strip() not in rotated.stdout + rotated.stderr
    none = keys("create", "x", "--scope", "read", "--if-none", "--json")
    assert json.loads(none.stdout) == {"id": None}
    revoked = json.loads(keys("revoke", made["id"], "--json").stdout)
    assert revoked == {"id": made["id"], "is_revoked": True}
