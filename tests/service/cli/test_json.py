"""What commands tell of files and of a deployment, as one object each."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.contract.schema import REVISION
from tests.service.cli.conftest import MODEL

REFERENCE = "GET /v1/models/m@1"


@pytest.fixture
def told(tmp_path):
    """Runs a command on a data folder of its own; gives the one object that it prints."""

    def run(*arguments, data="data"):
        runner = CliRunner(env={"CELLGEBRA_DATA_DIR": str(tmp_path / data)})
        done = runner.invoke(app, [*map(str, arguments), "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    return run


def test_a_schema(told):
    assert told("migrate") == {"schema_revision": REVISION}
    assert told("db", "upgrade", data="other") == {"schema_revision": REVISION}


def test_a_backup_and_what_is_restored_of_it(told, tmp_path):
    told("db", "upgrade")
    folder = tmp_path / "backup"
    made = told("db", "backup", folder)
    assert made["path"] == str(folder)
    assert (made["blob_count"], made["size_bytes"], made["missing_blobs"]) == (0, 0, [])
    assert made["schema_revision"] == REVISION
    stored = json.loads((folder / "backup.json").read_text())
    assert made["row_count"] == sum(table["row_count"] for table in stored["tables"].values())
    assert told("db", "restore", folder, data="other") == made


def test_garbage(told, tmp_path):
    told("db", "upgrade")
    content = b"left behind"
    sha256 = hashlib.sha256(content).hexdigest()
    blob = tmp_path / "data" / "artifacts" / sha256[:2] / sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)
    found = told("gc", "--dry-run")
    expected = {
        "unheld": [{"sha256": sha256, "size_bytes": len(content)}],
        "unnamed": [],
        "missing": [],
        "blob_count": 1,
        "size_bytes": len(content),
        "is_removed": False,
    }
    assert found == expected
    assert blob.exists()
    assert told("gc") == {**expected, "is_removed": True}
    assert not blob.exists()


@pytest.mark.parametrize("command", ["report", "export"])
def test_files_of_a_model(asked, tmp_path, command):
    body = b"<html>"
    path = tmp_path / "file"
    answers = {REFERENCE: MODEL}
    for name in ("report.html", "report", "export.zip"):
        answers |= {f"GET /v1/models/{one}/{name}": body for one in ("m@1", "model_1")}
    done = asked(answers, "models", command, "m@1", path, "--json")
    assert json.loads(done.stdout) == {
        "model_id": "model_1",
        "path": str(path),
        "size_bytes": len(body),
    }
    assert path.read_bytes() == body
    assert asked(answers, "models", command, "m@1", path).stdout == f"{path}\n"
