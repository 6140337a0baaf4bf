"""One deployment a kind of database for all trials, which come one after the other, round by round.

`CELLGEBRA_TEST_CHAOS_TIMES` says how often each is tried on each kind of database; without it, each
is tried once, on PostgreSQL and SQLite by turns. `CELLGEBRA_TEST_CHAOS_PAGE` is where the table of
results goes, after every trial; a file of lines beside it keeps them, so that those of later runs
are added, until it is removed. With `-n 3` the deployments run side by side: what
a trial waits for (a lease to end, a broker to come back) is time for another.
"""

import logging
import os
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.chaos.deployment import Deployment
from tests.chaos.page import Record
from tests.chaos.trial import Trials
from tests.servers.postgres import own_postgres_server

IS_SHORT = "CELLGEBRA_TEST_CHAOS_TIMES" not in os.environ
TIMES = int(os.environ.get("CELLGEBRA_TEST_CHAOS_TIMES", "1"))
PAGE = os.environ.get("CELLGEBRA_TEST_CHAOS_PAGE")
KINDS = ("postgresql", "sqlite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Processes of pytest have a deployment each."""
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _deployment_of
    return scheduler


def _deployment_of(nodeid):
    name, _, parameters = nodeid.partition("[")
    return next((kind for kind in KINDS if kind in parameters), name)


def pytest_generate_tests(metafunc):
    if "turn" in metafunc.fixturenames:
        metafunc.parametrize("turn", range(1, TIMES + 1))


def _is_trial(item):
    """Other tests are collected as well, and may have parameters of these names."""
    call = getattr(item, "callspec", None)
    return call is not None and {"turn", "trials"} <= call.params.keys()


def pytest_collection_modifyitems(config, items):
    """Round by round: a program that fails five times within half a minute ends the service."""
    if IS_SHORT:
        _keep_one_database_each(config, items)
    places = [place for place, item in enumerate(items) if _is_trial(item)]
    params = {item: item.callspec.params for item in (items[place] for place in places)}
    ordered = sorted(params, key=lambda item: (params[item]["trials"], params[item]["turn"]))
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def _keep_one_database_each(config, items):
    """Of the trials that come on both kinds of database, leave one, by turns."""
    kinds: dict[str, list[pytest.Item]] = {}
    for item in items:
        if _is_trial(item) and "clock" not in item.name:  # there the two kinds differ
            kinds.setdefault(f"{item.nodeid.partition('[')[0]} {_variant(item)}", []).append(item)
    pairs = [pair for pair in kinds.values() if len(pair) == 2]
    dropped = [pair[place % 2] for place, pair in enumerate(pairs)]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]


def _variant(item):
    return {name: value for name, value in item.callspec.params.items() if name != "trials"}


@pytest.fixture(scope="session")
def crashing_postgres():
    """A PostgreSQL server that may be brought down: what it has committed survives."""
    with own_postgres_server(synchronous_commit="on") as server:
        yield server


@pytest.fixture(scope="session")
def record():
    """Takes the outcome of a trial down, with those of other processes and of earlier runs."""
    return (lambda _: None) if PAGE is None else Record(Path(PAGE).resolve()).add


@pytest.fixture(scope="session", params=KINDS)
def trials(request, tmp_path_factory, record):
    """A deployment under load, on PostgreSQL and on SQLite in turn."""
    url, postgres = None, None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("crashing_postgres")
        url = postgres.create_database()
    deployment = Deployment(tmp_path_factory.mktemp("chaos"), url)
    try:
        deployment.broker.start()
        deployment.start()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request is too many
        made = Trials(deployment, postgres, record)
        made.load.lay_ground()
        yield made
        made.load.close()
        made.reckon_everything()
    finally:
        deployment.close()
