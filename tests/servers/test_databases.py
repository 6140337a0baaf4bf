"""The database fixtures hand out fresh, migrated databases of both kinds."""

import pytest
from sqlalchemy import inspect

from service.contract.database import create_engine_for
from service.migrations.migrate import head_revision


def test_a_database_has_the_newest_schema(database):
    with database.engine.connect() as connection:
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert revision == head_revision()


def test_the_kind_is_the_one_asked_for(database, database_kind):
    assert database.engine.dialect.name == database_kind


def test_an_empty_database_has_no_table(empty_database_url):
    engine = create_engine_for(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_a_database_of_its_own(database, turn):  # noqa: ARG001
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (id int)")
