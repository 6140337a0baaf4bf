"""One service to be attacked, the number of tries of each attack, and the table of them."""

import os
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.conftest import dataset, ended, mapping, once, train, trained, upload
from tests.security.page import write_table
from tests.servers.embedded import embedded_service

__all__ = ["dataset", "ended", "mapping", "once", "train", "trained", "upload"]

PAGE = "CELLGEBRA_TEST_ATTACKS_PAGE"
_tries: Counter[tuple[str, str]] = Counter()


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """The running service of `cellgebra up`, with limits that a test can reach."""
    limits = {"CELLGEBRA_MAX_UPLOAD_BYTES": str(64 * 2**20), "CELLGEBRA_SLOW_SENDER_SECONDS": "5"}
    folder = tmp_path_factory.mktemp("attacked")
    with embedded_service(folder / "data", environment=limits) as running:
        yield running


@pytest.fixture(scope="session")
def api(service):
    """An HTTP client of the running service."""
    with httpx.Client(base_url=service.base_url, timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def _still_there(api):
    """After every attack the service answers as before."""
    yield
    assert api.get("/health/ready").status_code == 200


@pytest.fixture(scope="session")
def tried():
    """Counts the tries of an attack, with what the service did about them."""
    if os.environ.get(PAGE) and "PYTEST_XDIST_WORKER" in os.environ:
        pytest.fail("the page is written whole, by one process: run the attacks without -n")

    def count(attack, result, times=1):
        _tries[attack, result] += times

    yield count
    if os.environ.get(PAGE):
        write_table(Path(os.environ[PAGE]), _tries)


@pytest.fixture
def growth(service):
    """By how many bytes a process of the service grows while the block runs, at most."""

    def resident_bytes():
        sizes = []
        for process in service.processes():
            with suppress(psutil.NoSuchProcess):
                # A process of a process may have an environment of its own.
                family = [process, *process.children(recursive=True)]
                sizes += [one.memory_info().rss for one in family]
        return max(sizes)

    @contextmanager
    def watch():
        sizes, done = [resident_bytes()], threading.Event()

        def look():
            while not done.wait(0.2):
                sizes.append(resident_bytes())

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield lambda: max(sizes) - sizes[0]
        finally:
            done.set()
            watcher.join()

    return watch


@pytest.fixture
def uploaded(upload, ended, mapping):
    """What becomes of an upload: its answer, or the data set that is no longer INGESTING."""

    def send(body, spec=mapping):
        answer = upload(body, spec)
        assert answer.status_code in (201, 202, 422), answer.text
        found = answer.json()
        return ended(f"/v1/datasets/{found['id']}") if answer.status_code == 202 else found

    return send
