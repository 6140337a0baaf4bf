"""The demo, for real: Ctrl-C leaves no process, and it runs to its end afterwards."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest


def start(data_dir):
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "demo", "--data-dir", data_dir],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )


def read_until(process, text):
    said = []
    for line in process.stdout:
        said.append(line)
        if text in line:
            return
    pytest.fail("".join(said))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_it_can_be_stopped_and_then_runs_to_its_end(tmp_path):
    stopped = start(tmp_path)
    read_until(stopped, "RUNNING")
    tree = psutil.Process(stopped.pid).children(recursive=True)
    stopped.send_signal(signal.SIGINT)
    rest, _ = stopped.communicate(timeout=40)
    _, alive = psutil.wait_procs(tree, timeout=5)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    assert stopped.returncode == 130, rest
    assert "Traceback" not in rest

    process = start(tmp_path)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "472 rows (7 of controls)" in said
    assert re.search(r"^  perturbation_set +-?0\.\d{3}", said, re.MULTILINE)  # compared
    assert re.search(r"^  \w+ \* +-?0\.\d{3}", said, re.MULTILINE)  # chosen
    assert re.search(r"forest +-?0\.\d{3}", said)
    assert "held out: cycle = 5, 6" in said
    assert re.search(r"^ +15  PP_", said, re.MULTILINE)
    assert f"stay in {tmp_path}" in said
    assert "the whole report, with pictures: file://" in said
    assert "Verdict" in (tmp_path / "report.html").read_text(encoding="utf-8")
