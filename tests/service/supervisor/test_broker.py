"""Laws of the bundled broker: private, reached through one URL, keeps its queue over a kill."""

import base64
import json
import stat
import time

import pytest
import redis
from celery import Celery

from service.contract.broker import celery_url, client_url, socket_url
from service.supervisor.broker import (
    answers_ping,
    broker_program,
    is_private_temporary,
    socket_path,
)
from service.supervisor.children import Child, tail


def await_ping(child, path):
    deadline = time.monotonic() + 30
    while not answers_ping(path):
        assert child.exit_code is None, tail(child.program.log)
        assert time.monotonic() < deadline
        time.sleep(0.01)


def client_of(path):
    return redis.Redis.from_url(client_url(socket_url(path)), decode_responses=True)


@pytest.fixture
def path(tmp_path):
    return socket_path(tmp_path / "data dir")


@pytest.fixture
def program(tmp_path, path):
    return broker_program(tmp_path / "data dir", path)


def test_its_socket_is_ours_alone_and_it_listens_nowhere_else(program, path):
    child = Child(program, {})
    try:
        await_ping(child, path)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        with client_of(path) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        child.kill()


def test_a_message_sent_through_celery_outlives_a_kill(program, path):
    first = Child(program, {})
    try:
        await_ping(first, path)
        sender = Celery("t", broker=celery_url(socket_url(path)), set_as_current=False)
        sender.send_task("train.run", args=["job_1"], queue="train")
        sender.close()
        time.sleep(1.2)  # the file is flushed every second
    finally:
        first.kill()
    assert not answers_ping(path)
    second = Child(program, {})
    try:
        await_ping(second, path)
        with client_of(path) as client:
            assert client.llen("train") == 1
            body = json.loads(client.lindex("train", 0))["body"]
            assert json.loads(base64.b64decode(body))[0] == ["job_1"]
    finally:
        second.terminate()
        deadline = time.monotonic() + 30
        while second.exit_code is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        second.kill()
    assert second.exit_code == 0


def test_a_long_data_folder_gets_a_short_private_socket(tmp_path):
    data_dir = tmp_path / ("x" * 120)
    path = socket_path(data_dir)
    try:
        assert len(str(path)) < 104
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert is_private_temporary(path, data_dir)
    finally:
        path.parent.rmdir()
