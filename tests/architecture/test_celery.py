"""How the worker takes its messages: the settings that must never drift, each with its trap."""

import os
import re
import subprocess
import sys

import pytest
from celery import Celery
from celery.utils.imports import symbol_by_name
from kombu.exceptions import OperationalError

from service.contract.jobs import (
    COMPOSE_TASK_NAME,
    EXPORT_TASK_NAME,
    JOB_QUEUE,
    SCORE_TASK_NAME,
    TASK_NAME,
)
from service.supervisor.programs import BATCH, SCORING, SEARCH, TRAIN


@pytest.fixture
def celery(monkeypatch):
    from worker.app import _configuration

    monkeypatch.setenv("CELLGEBRA_BROKER_URL", "unix:///run/cellgebra/broker.sock")
    app = Celery("as-the-worker", set_as_current=False)
    app.add_defaults(_configuration)
    return app


@pytest.fixture
def configuration(celery):
    return celery.conf


def test_a_message_is_acknowledged_before_its_task_runs(configuration):
    # Late, Redis hands a task that outlives the visibility time-out to a second worker.
    assert configuration.task_acks_late is False
    assert configuration.task_reject_on_worker_lost is None


OPTIONS = """
from worker.app import app

app.loader.import_default_modules()
for name, task in app.tasks.items():
    if not name.startswith("celery."):
        print(
            name, task.acks_late, task.reject_on_worker_lost, task.time_limit,
            task.soft_time_limit, task.serializer,
        )
"""


@pytest.mark.slow
def test_no_task_chooses_for_itself():
    told = subprocess.run(  # the application reads its settings once a process
        [sys.executable, "-c", OPTIONS],
        env=os.environ | {"CELLGEBRA_BROKER_URL": "unix:///run/cellgebra/broker.sock"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert len(told) > 5
    for line in told:
        _, *options = line.split()
        assert options == ["False", "None", "None", "None", "json"], line


def test_a_busy_worker_takes_no_message_from_an_idle_one(configuration):
    assert configuration.worker_disable_prefetch is True
    assert configuration.worker_prefetch_multiplier == 1


def test_children_are_spawned(configuration):
    # CUDA, gRPC and database connections do not survive a fork.
    assert configuration.worker_pool_start_method == "spawn"


def test_a_slow_import_does_not_count_as_death(configuration):
    # At the default of 4 s every replacement child is killed while it imports torch.
    assert configuration.worker_proc_alive_timeout >= 60


def test_a_broker_that_is_away_ends_no_task(configuration):
    # There is no message to give back, and the lease still holds.
    assert configuration.worker_cancel_long_running_tasks_on_connection_loss is False


def test_a_broker_that_is_away_is_looked_for_without_end(configuration):
    # At the default a worker that has tried a hundred times ends.
    assert configuration.broker_connection_max_retries is None


def test_a_broker_that_is_back_is_found_within_seconds(celery, monkeypatch, caplog):
    # Celery's own consumer waits two seconds more each time, up to half a minute.
    celery.conf.update(broker_url="redis+socket:///nowhere", broker_connection_max_retries=9)
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    consumer = object.__new__(symbol_by_name(celery.conf.worker_consumer))
    consumer.app, consumer.first_connection_attempt = celery, True
    with pytest.raises(OperationalError):
        consumer.connection_for_read()
    said = re.findall(r"again in ([0-9.]+) seconds", caplog.text)
    assert [float(pause) for pause in said] == [2, 4, 5, 5, 5, 5, 5, 5, 5]


def test_the_queue_ends_no_task_and_orders_none(configuration):
    # Limits are those of a job (time_limit_seconds); who goes first is decided at the claim.
    assert configuration.task_time_limit is None
    assert configuration.task_soft_time_limit is None
    assert configuration.task_queue_max_priority is None


def test_jobs_run_in_one_child_that_can_be_ended(configuration):
    # With `solo` or threads a time limit, a stop and an abandoned step would end the worker.
    assert configuration.worker_concurrency == 1
    for options in (TRAIN, BATCH, SEARCH, SCORING):
        assert _option(options, "--pool") == "prefork"
        assert _option(options, "--concurrency") == "1"


def test_a_training_child_ends_with_its_job():
    # The end of the process is what returns all memory of a GPU.
    assert _option(TRAIN, "--max-tasks-per-child") == "1"


def _option(options, name):
    return options.pool[options.pool.index(name) + 1]


def test_messages_are_json_and_nothing_else(configuration):
    assert configuration.accept_content == ["json"]
    assert configuration.result_accept_content in (None, ["json"])
    assert configuration.task_serializer == "json"
    assert configuration.result_serializer == "json"


def test_results_live_in_rows(configuration):
    assert configuration.task_ignore_result is True
    assert configuration.result_backend is None


def test_a_half_open_connection_is_noticed(configuration):
    options = configuration.broker_transport_options
    assert 0 < options["socket_timeout"] <= 60
    assert 0 < options["health_check_interval"] <= 60


@pytest.mark.slow
def test_every_message_has_its_task(monkeypatch, valkey):
    from worker.app import app

    monkeypatch.setenv("CELLGEBRA_BROKER_URL", valkey.url)
    app.loader.import_default_modules()
    asked = {COMPOSE_TASK_NAME, EXPORT_TASK_NAME, SCORE_TASK_NAME}
    assert {*TASK_NAME.values(), *asked} <= set(app.tasks)
    assert set(TASK_NAME) == set(JOB_QUEUE)
