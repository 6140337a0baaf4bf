"""Events of many jobs in one question: all of them, in order, from the index."""

import pytest
from sqlalchemy import event

from service.contract.jobs import EventType
from service.contract.records import JobEventRecord, JobRecord
from service.contract.repositories import events


def add_jobs(database, count, event_count):
    """Jobs with that many events each; returns their ids."""
    ids = [f"job_{number:05}" for number in range(count)]
    owned = {"project_id": "lab", "created_by": "ada"}
    with database.write() as session:
        session.add_all(
            JobRecord(
                **owned,
                id=job_id,
                kind="training",
                state="RUNNING",
                spec={},
                subject_id="dataset_1",
                event_sequence=event_count,
            )
            for job_id in ids
        )
        session.flush()
        session.add_all(
            JobEventRecord(**owned, job_id=job_id, sequence=n + 1, type="epoch", data={"epoch": n})
            for job_id in ids
            for n in range(event_count)
        )
    return ids


def numbers_of(found):
    return [(job_id, event.sequence) for job_id, event in found]


def test_thousands_of_jobs_are_asked_for_at_once(database):
    ids = add_jobs(database, 1500, 1)
    with database.read() as session:
        found = events.list_events(session, dict.fromkeys(ids, 0))
    assert numbers_of(found) == [(job_id, 1) for job_id in ids]
    assert found[0][1].type is EventType.EPOCH


def test_each_job_is_read_after_its_own_sequence_and_up_to_the_limit(database):
    first, second, third, _ = add_jobs(database, 4, 5)
    with database.read() as session:
        after = {third: 0, second: 5, first: 3}
        found = events.list_events(session, after)
        assert numbers_of(found) == [(first, 4), (first, 5), *((third, n) for n in range(1, 6))]
        assert events.list_events(session, after, limit=3) == found[:3]
        assert events.list_events(session, {}) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])  # its planner speaks in one line
def test_the_index_finds_the_events_of_each_job(database):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *seen: statements.append(seen))
    with database.read() as session:
        events.list_events(session, {"job_1": 3, "job_2": 4})
    _, _, statement, parameters, *_ = statements[-1]
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plan = [row[-1] for row in rows]
    assert any("SEARCH job_events" in line and "sequence>? AND sequence<?" in line for line in plan)
