"""Every list walks an index: no page reads, or sorts, the whole table."""

import pytest
from sqlalchemy import event

from service.contract.datasets import DatasetState
from service.contract.jobs import JobKind, JobState
from service.contract.records import DatasetRecord, GeneTableRecord
from service.contract.repositories import (
    aliases,
    artifacts,
    jobs,
    leases,
    models,
    networks,
    promotions,
    uploads,
)
from service.contract.repositories.models import ModelFilter

PAGE = {"page_size": 10, "page_token": None}
LISTS = {
    "jobs": lambda s: jobs.list_jobs(s, "lab", JobKind.TRAINING, **PAGE),
    "jobs by state": lambda s: jobs.list_jobs(
        s, "lab", JobKind.TRAINING, state=JobState.RUNNING, **PAGE
    ),
    "jobs by data set": lambda s: jobs.list_jobs(
        s, "lab", JobKind.TRAINING, subject_id="dataset_1", **PAGE
    ),
    "data sets": lambda s: uploads.list_uploads(s, DatasetRecord, "lab", **PAGE),
    "data sets by state": lambda s: uploads.list_uploads(
        s, DatasetRecord, "lab", state=DatasetState.READY, **PAGE
    ),
    "gene tables": lambda s: uploads.list_uploads(s, GeneTableRecord, "lab", **PAGE),
    "gene tables by state": lambda s: uploads.list_uploads(
        s, GeneTableRecord, "lab", state=DatasetState.READY, **PAGE
    ),
    "networks": lambda s: networks.list_networks(s, "lab", "genes_1", **PAGE),
    "models": lambda s: models.list_models(s, "lab", ModelFilter(), **PAGE),
    "models by data set": lambda s: models.list_models(s, "lab", ModelFilter("dataset_1"), **PAGE),
    "models by name": lambda s: models.list_models(s, "lab", ModelFilter(name="titer"), **PAGE),
    "aliases": lambda s: aliases.list_aliases(s, "lab", **PAGE),
    "promotions": lambda s: promotions.list_promotions(s, "lab", **PAGE),
    "promotions by name": lambda s: promotions.list_promotions(s, "lab", name="titer", **PAGE),
    "promotions under way": promotions.list_pending,
    "artifacts": lambda s: artifacts.list_artifacts(s, "lab", **PAGE),
    "expired leases": leases.recover_expired,
}


@pytest.fixture
def database_kind():
    return "sqlite"  # its planner speaks in one line, and decides without statistics


@pytest.mark.parametrize("name", LISTS)
def test_a_list_walks_an_index(database, name):
    statements = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _k, statement, parameters, *_: statements.append((statement, parameters)),
    )
    with database.write() as session:
        LISTS[name](session)
    for statement, parameters in statements:
        if not statement.startswith("SELECT"):
            continue
        with database.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = [row[-1] for row in rows]
        assert any("USING INDEX" in line for line in plan), plan
        if name != "expired leases":
            assert not any("SCAN" in line or "TEMP B-TREE" in line for line in plan), plan
