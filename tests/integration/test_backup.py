"""A running service is backed up and comes back elsewhere; blobs that nothing needs are cleared."""

import subprocess
import sys

import httpx
import pytest

from tests.servers.embedded import embedded_service

pytestmark = pytest.mark.slow

BODY = {"genotypes": ["PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]}


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def where(service):
    """Options of the service's folder and database."""
    return ["--data-dir", service.data_dir, "--database-url", service.database_url]


def test_a_running_service_comes_back_elsewhere_and_scores_the_same(where, api, trained, tmp_path):
    backup, data = tmp_path / "backup", tmp_path / "data"
    done = command("db", "backup", backup, *where)
    assert done.returncode == 0, done
    assert "blobs" in done.stdout
    path = f"/v1/models/{trained['model_id']}:score"
    before = api.post(path, json=BODY).raise_for_status().json()
    done = command("db", "restore", backup, "--data-dir", data)
    assert done.returncode == 0, done
    with embedded_service(data) as restored:
        after = httpx.post(restored.base_url + path, json=BODY, timeout=60).raise_for_status()
        report = f"{restored.base_url}/v1/models/{trained['model_id']}/report.html"
        assert httpx.get(report).status_code == 200
    assert after.json() == before
    again = command("db", "restore", backup, "--data-dir", data)
    assert (again.returncode, "holds rows" in again.stderr) == (1, True)


@pytest.mark.usefixtures("trained")
def test_blobs_that_nothing_needs_are_cleared_from_a_running_service(where, service):
    store = service.data_dir / "artifacts"
    left = store / "ab" / ("ab" + "0" * 62)
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"left by a process that was killed")
    count = sum(path.is_file() for path in store.glob("??/*"))
    looked = command("gc", "--dry-run", *where)
    assert (looked.returncode, left.exists()) == (0, True)
    assert left.name in looked.stdout
    assert "1 blobs, 0.0 MB would go" in looked.stdout
    assert command("gc", *where).returncode == 0
    assert not left.exists()
    assert sum(path.is_file() for path in store.glob("??/*")) == count - 1
