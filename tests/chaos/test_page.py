"""The table of results holds what came so far, of whichever process."""

import pytest

from tests.chaos.page import Record
from tests.chaos.reconciliation import Balance
from tests.chaos.trial import Outcome


@pytest.fixture
def page(tmp_path):
    return tmp_path / "page.md"


@pytest.fixture
def record(page):
    """Another process, each time."""
    return lambda outcome: Record(page).add(outcome)


def rows(page):
    return [line for line in page.read_text().splitlines() if line.startswith("| kill")]


def test_the_page_is_written_after_every_outcome(record, page):
    record(Outcome("kill", "SQLite", Balance(60, 60), 2.0, left_blobs=1, load=4.0, seconds=30.0))
    assert rows(page) == ["| kill | SQLite | 1 | 60 | 60 | 0 | 0 | 1 | 2.0 / 2.0 |"]
    record(Outcome("kill", "SQLite", Balance(70, 69, ["a"]), 4.0, load=8.0, seconds=50.0))
    record(Outcome("kill", "PostgreSQL", Balance(50, 50), load=6.0, seconds=20.0))
    assert rows(page) == [
        "| kill | PostgreSQL | 1 | 50 | 50 | 0 | 0 | 0 | - |",
        "| kill | SQLite | 2 | 130 | 129 | 1 | 0 | 1 | 3.0 / 4.0 |",
    ]
    text = " ".join(page.read_text().split())
    assert "at a load of 6 (median; 4 to 8)" in text
    assert "takes 20 s on PostgreSQL and 40 s on SQLite" in text
    assert "## Failed" not in text


def test_trials_of_later_runs_are_added(record, page):
    record(Outcome("kill", "SQLite", Balance(60, 60), day="2030-01-05"))
    assert "\n2030-01-05, `make chaos`" in page.read_text()
    record(Outcome("kill", "SQLite", Balance(50, 50), day="2030-01-02"))
    assert rows(page) == ["| kill | SQLite | 2 | 110 | 110 | 0 | 0 | 0 | - |"]
    assert "\n2030-01-02 to 2030-01-05, `make chaos`" in page.read_text()


def test_a_trial_that_failed_is_told_of(record, page):
    record(Outcome("kill", "SQLite", problem="not well after 60 s"))
    assert page.read_text().endswith("## Failed\n\n* kill, SQLite: not well after 60 s\n")
