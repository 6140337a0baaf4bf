"""The database of the profile: it stops in the middle of a query, and leaves nothing."""

import threading

import pytest

from worker.data.database import open_database
from worker.data.errors import IngestStoppedError

ENDLESS = "SELECT count(*) FROM range(1_000_000_000_000) numbers(n) WHERE n % 7 = 3"


def test_a_query_ends_when_it_is_asked_to(tmp_path):
    is_asked = threading.Event()

    def run():
        with open_database(tmp_path / "spill", is_asked.is_set) as connection:
            assert connection.sql("SELECT 1").fetchall() == [(1,)]
            threading.Timer(0.3, is_asked.set).start()
            connection.sql(ENDLESS).fetchall()

    with pytest.raises(IngestStoppedError):
        run()
    assert list(tmp_path.iterdir()) == []


def test_a_query_after_the_request_ends_as_well(tmp_path):
    def run():
        with open_database(tmp_path / "spill", lambda: True) as connection:
            threading.Event().wait(0.3)
            connection.sql(ENDLESS).fetchall()

    with pytest.raises(IngestStoppedError):
        run()
