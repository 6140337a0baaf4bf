"""The probe asks real servers and reads real files; what is not well ends it with status 1."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import grpc
import pytest

from service.contract.beats import touch_beat
from tests.servers.processes import free_port
from tests.service.rpc.certificates import make_authority, make_pair


def probe(*arguments, **settings):
    environment = {f"CELLGEBRA_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "service.probe", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_fresh_beat_is_well_and_an_old_one_is_not(tmp_path):
    path = tmp_path / "beat"
    missing = probe("beat", beat_file=path)
    assert missing.returncode == 1
    assert "No such file" in missing.stderr
    touch_beat(path)
    assert probe("beat", beat_file=path).returncode == 0
    os.utime(path, (time.time() - 90, time.time() - 90))
    old = probe("beat", beat_file=path)
    assert old.returncode == 1
    assert "the last beat was 9" in old.stderr


def test_a_beat_without_a_file_is_nothing(tmp_path):
    touch_beat(None)
    touch_beat(tmp_path / "missing" / "beat")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["rest", "rpc"])
def test_nobody_listens(kind):
    nobody = free_port()
    assert probe(kind, port=nobody, grpc_port=nobody).returncode == 1


def test_it_says_how_it_is_called():
    told = probe("else")
    assert told.returncode == 1
    assert told.stderr == "usage: python -m service.probe rest|rpc|beat\n"


@pytest.mark.slow
def test_a_running_service_is_well(sqlite_service):
    rest = urlsplit(sqlite_service.base_url).port
    rpc = sqlite_service.grpc_address.rpartition(":")[2]
    assert probe("rest", port=rest).returncode == 0
    assert probe("rpc", grpc_port=rpc).returncode == 0
    wrong = probe("rpc", grpc_port=rest)
    assert wrong.returncode == 1


@pytest.fixture(params=["TLS", "mTLS"])
def tls_port(request, tmp_path):
    """A gRPC server over TLS, which under mTLS wants a certificate of its clients."""
    authority = make_authority(tmp_path, "authority")
    pair = make_pair(tmp_path, "server", authority)
    signers = authority.certificate.read_bytes() if request.param == "mTLS" else None
    key, chain = pair.key.read_bytes(), pair.certificate.read_bytes()
    credentials = grpc.ssl_server_credentials([(key, chain)], signers, signers is not None)
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield port
    server.stop(0)


def test_a_server_over_tls_is_well_if_it_shakes_hands(tls_port):
    told = probe("rpc", grpc_port=tls_port, grpc_tls_certificate="server.crt")
    assert (told.returncode, told.stderr) == (0, "")
    nobody = probe("rpc", grpc_port=free_port(), grpc_tls_certificate="server.crt")
    assert nobody.returncode == 1


def test_it_imports_no_library_but_for_grpc():
    code = "import sys, service.probe; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & {"grpc", "pydantic", "sqlalchemy", "typer", "celery"} == set()
