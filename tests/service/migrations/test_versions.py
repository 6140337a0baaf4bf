"""Data that is there when the registry comes, and when it goes, on both databases."""

import pytest
from sqlalchemy import text

from service.contract.database import create_engine_for
from service.contract.schema import SchemaError
from service.migrations.migrate import downgrade, head_revision, migrate

MODELS = [  # id, project, name, day
    ("model_c", "lab", "titer", 3),
    ("model_a", "lab", "titer", 1),
    ("model_b", "lab", "titer", 1),
    ("model_d", "lab", "growth", 2),
    ("model_e", "other", "titer", 2),
]
INSERT = text(
    "INSERT INTO models (id, project_id, created_by, create_time, name, kind, job_id, dataset_id, "
    "manifest_sha256, weights_sha256, report) VALUES (:id, :project, 'ada', :time, :name, "
    "'additive', :id, 'dataset_1', 'm', 'w', '{}')"
)


@pytest.fixture
def rows(empty_database_url):
    """Runs statements, each in a transaction."""
    engine = create_engine_for(empty_database_url)

    def run(statement, *parameters):
        with engine.execution_options(is_write=True).begin() as connection:
            result = connection.execute(statement, *parameters)
            return [tuple(row) for row in result] if result.returns_rows else None

    yield run
    engine.dispose()


@pytest.mark.parametrize("revision", ["0001", "0005"])
def test_a_database_that_is_half_migrated_is_named_and_left_alone(
    empty_database_url, rows, revision
):
    migrate(empty_database_url)
    rows(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(SchemaError, match=f"schema {revision}, and has other tables"):
        migrate(empty_database_url)
    assert rows(text("SELECT version_num FROM alembic_version")) == [(revision,)]
    rows(text("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})
    assert migrate(empty_database_url) == head_revision()


def test_models_of_a_name_become_its_versions_the_oldest_first(empty_database_url, rows):
    migrate(empty_database_url)
    downgrade(empty_database_url, "0005")
    parameters = [
        {"id": id_, "project": project, "name": name, "time": f"2026-01-0{day} 00:00:00+00:00"}
        for id_, project, name, day in MODELS
    ]
    rows(INSERT, parameters)
    assert migrate(empty_database_url) == head_revision()
    versions = rows(text("SELECT id, version FROM models ORDER BY id"))
    assert versions == [
        ("model_a", 1),
        ("model_b", 2),
        ("model_c", 3),
        ("model_d", 1),
        ("model_e", 1),
    ]
    names = rows(text("SELECT project_id, name, last_version FROM model_names ORDER BY 1, 2"))
    assert names == [("lab", "growth", 1), ("lab", "titer", 3), ("other", "titer", 1)]
    downgrade(empty_database_url, "0005")
    kept = rows(text("SELECT id FROM models ORDER BY id"))
    assert kept == sorted((id_,) for id_, *_ in MODELS)
