"""One service to be attacked, the number of tries of each attack, and the table of them."""

import os
from collections import Counter
from pathlib import Path

import httpx
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

    def count(attack, result, times=1):
        _tries[attack, result] += times

    yield count
    if os.environ.get(PAGE):
        write_table(Path(os.environ[PAGE]), _tries)
