"""Laws of child processes, on real ones: none outlives its parent, all are kept running."""

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from service.supervisor.children import Child, Program, tail
from service.supervisor.errors import ChildFailedError, StoppedError
from service.supervisor.supervisor import MAX_FAILURES_IN_A_ROW, StopGroup, Supervisor

PARENT = """
import sys, time
from pathlib import Path
from service.supervisor.children import Program
from service.supervisor.supervisor import Supervisor
supervisor = Supervisor({})
for name in ("one", "two"):
    supervisor.start(Program(name, ("sleep", "60"), Path(sys.argv[1]) / f"{name}.log"))
print("started", flush=True)
supervisor.run()
"""


PATIENCE_SECONDS = 30.0  # far longer than anything takes, shorter than any child sleeps


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\n"
    "while True: signal.pause()"
)


def program(tmp_path, name, code):
    return Program(name, (sys.executable, "-S", "-c", code), tmp_path / "logs" / f"{name}.log")


@pytest.fixture
def others():
    """Children that are not of this test: servers that other tests use."""
    return set(psutil.Process().children())


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_children_end_with_a_parent_that_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "started\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) == 2
    parent.kill()
    parent.communicate()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_SECONDS)
    assert alive == []


def test_what_a_child_started_ends_with_it(tmp_path):
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
    child = Child(program(tmp_path, "parent", code + "time.sleep(60)"), {})
    until(lambda: tail(child.program.log).strip().isdigit())
    grandchild = psutil.Process(int(tail(child.program.log)))
    child.kill()
    psutil.wait_procs([grandchild], timeout=PATIENCE_SECONDS)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_the_terminal_reaches_no_child(tmp_path):
    child = Child(program(tmp_path, "quiet", "import time; time.sleep(60)"), {})
    try:
        assert psutil.Process(child.pid).terminal() is None
        assert child.pid == os.getsid(child.pid)
    finally:
        child.kill()


def test_an_ended_child_is_started_again(tmp_path):
    supervisor = Supervisor({})
    one = program(
        tmp_path, "one", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    )
    supervisor.start(one)
    try:
        until(lambda: tail(one.log).strip().isdigit())
        first = int(tail(one.log))
        psutil.Process(first).kill()
        assert supervisor.wait_for(lambda: len(tail(one.log).split()) == 2, PATIENCE_SECONDS)
        assert int(tail(one.log).split()[1]) != first
    finally:
        supervisor.kill()


def test_a_child_that_keeps_failing_is_given_up_with_the_end_of_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr("service.supervisor.supervisor._FIRST_PAUSE_SECONDS", 0.01)
    supervisor = Supervisor({})
    bad = program(tmp_path, "bad", "raise SystemExit('no such thing')")
    supervisor.start(bad)
    with pytest.raises(ChildFailedError) as caught:
        supervisor.run()
    supervisor.kill()
    assert f"{MAX_FAILURES_IN_A_ROW} times in a row" in str(caught.value)
    assert str(bad.log) in str(caught.value)
    assert "no such thing" in str(caught.value)
    assert bad.log.read_text().count("no such thing") == MAX_FAILURES_IN_A_ROW


def test_groups_end_in_order_and_who_does_not_listen_is_killed(tmp_path, others):
    order = tmp_path / "order"
    polite = (
        "import signal, sys, time\n"
        f"def end(*_): open({str(order)!r}, 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(60)"
    )
    supervisor = Supervisor({})
    programs = [program(tmp_path, "deaf", DEAF)]
    for name in ("a", "b"):
        one = program(tmp_path, name, polite)
        programs.append(Program(name, (*one.command, name), one.log))
    for one in programs:
        supervisor.start(one)
    until(lambda: all(tail(one.log).strip() == "up" for one in programs))
    patient = [StopGroup(frozenset({name}), math.inf) for name in ("b", "a")]
    supervisor.stop([StopGroup(frozenset({"deaf"}), 0.2), *patient])
    assert order.read_text() == "ba"
    assert set(psutil.Process().children()) == others


def test_a_second_request_does_not_wait(tmp_path, others):
    deaf = program(tmp_path, "deaf", DEAF)
    supervisor = Supervisor({})
    supervisor.start(deaf)
    until(lambda: tail(deaf.log).strip() == "up")
    # Who waited for a deaf one would wait for ever.
    supervisor.stop([StopGroup(supervisor.names(), math.inf)], must_hurry=lambda: True)
    assert set(psutil.Process().children()) == others


def test_a_program_that_runs_once_says_why_it_failed(tmp_path, others):
    supervisor = Supervisor({"ANSWER": "42"})
    good = "import os; raise SystemExit(os.environ['ANSWER'] != '42')"
    supervisor.run_once(program(tmp_path, "good", good), 5)
    with pytest.raises(ChildFailedError, match="the disk is full"):
        supervisor.run_once(program(tmp_path, "bad", "raise SystemExit('the disk is full')"), 5)
    with pytest.raises(ChildFailedError, match=r"took longer than 0\.2 s"):
        supervisor.run_once(program(tmp_path, "slow", "import time; time.sleep(60)"), 0.2)
    assert set(psutil.Process().children()) == others


def test_a_request_to_stop_ends_the_wait(tmp_path, others):
    supervisor = Supervisor({}, should_stop=lambda: True)
    with pytest.raises(StoppedError):
        supervisor.run_once(program(tmp_path, "slow", "import time; time.sleep(60)"), 60)
    assert set(psutil.Process().children()) == others


def test_a_large_log_is_put_aside(tmp_path):
    one = program(tmp_path, "one", "print('fresh')")
    one.log.parent.mkdir()
    one.log.write_bytes(b"x" * (10 * 2**20 + 1))
    child = Child(one, {})
    until(lambda: child.exit_code == 0)
    child.kill()
    assert one.log.read_text() == "fresh\n"
    assert Path(f"{one.log.with_suffix('')}.1.log").stat().st_size > 10 * 2**20


def test_no_log_is_said_so(tmp_path):
    assert tail(tmp_path / "none.log") == "  (no log)"
