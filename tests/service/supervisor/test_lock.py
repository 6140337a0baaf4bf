"""Laws of what is checked before anything starts: one service a folder, ports that are free."""

import os
import socket
import subprocess
import sys

import pytest

from service.supervisor.errors import DataDirInUseError, PortInUseError
from service.supervisor.lock import hold_data_dir
from service.supervisor.ports import claim_port

HOLDER = """
import sys, time
from pathlib import Path
from service.supervisor.lock import hold_data_dir
with hold_data_dir(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_service_learns_who_holds_the_folder_until_that_one_is_killed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(DataDirInUseError, match=rf"process {holder.pid}: .*--data-dir"),
            hold_data_dir(tmp_path),
        ):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with hold_data_dir(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_the_folder_is_made_and_let_go(tmp_path):
    for _ in range(2):
        with hold_data_dir(tmp_path / "deep" / "folder"):
            assert (tmp_path / "deep" / "folder").is_dir()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataDirInUseError, match=r"cannot be written .*--data-dir"),
        hold_data_dir(tmp_path / "file"),
    ):
        pass


def test_a_busy_port_is_named_with_the_option_to_choose_another():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} .*choose another with --port"):
            claim_port("127.0.0.1", port, "--port")
    assert claim_port("127.0.0.1", port, "--port") == port


def test_zero_is_any_free_port():
    assert claim_port("127.0.0.1", 0, "--port") > 0


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(PortInUseError, match="choose with --host"):
        claim_port("192.0.2.1", 0, "--port")
