"""`cellgebra up`, from outside: ready on both kinds of database, private, and gone when stopped."""

import signal
import stat

import httpx
import psutil
import pytest

from tests.servers.embedded import embedded_service


def test_every_part_is_ready(service):
    health = httpx.get(f"{service.base_url}/health/ready").raise_for_status().json()
    assert health["ready"] is True
    assert set(health["queues"]) == {"train", "inference", "batch", "search", "scoring"}
    assert all(health["queues"].values())


def test_it_listens_on_loopback_alone(sqlite_service):
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")  # gRPC listens on a mapped IPv4 address
        for process in sqlite_service.processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_broker_is_private(sqlite_service):
    folder = sqlite_service.data_dir / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_nothing(tmp_path, number):
    with embedded_service(tmp_path / "data") as service:
        service.process.send_signal(number)
        assert service.process.wait(30) == 0
        assert service.processes() == []


@pytest.mark.slow
def test_no_child_survives_the_death_of_its_parent(tmp_path):
    with embedded_service(tmp_path / "data") as service:
        children = [one for one in service.processes() if one.pid != service.process.pid]
        assert len(children) >= 6  # broker, api, scheduler and a worker of each kind
        service.process.kill()
        service.process.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
