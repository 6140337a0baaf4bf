"""Who is killed for silence, and who is not."""

import os
import signal
import subprocess
import sys
import time

import pytest

from worker.tasks.lost_children import Pulses, start_pulse

PATIENCE_SECONDS = 13.0
CHILD = "import time; from worker.tasks.lost_children import start_pulse; start_pulse(); "
# One call into C that lets no other thread run, for minutes.
CAUGHT = "time.sleep(1); sum(range(10**11))"


@pytest.fixture
def pulses():
    opened = Pulses(PATIENCE_SECONDS)
    yield opened
    opened.close()


@pytest.fixture
def start(pulses):
    """Starts children that do nothing, or a given program."""
    started = []

    def start(program="import time; time.sleep(600)"):
        environment = {**os.environ, "_CELLGEBRA_PULSES": str(pulses.path)}
        started.append(subprocess.Popen([sys.executable, "-c", program], env=environment))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.wait()


@pytest.fixture
def beat(pulses):
    """Gives the pulse of a process."""
    pipe = os.open(pulses.path, os.O_WRONLY)
    yield lambda pid: os.write(pipe, b"%d\n" % pid)
    os.close(pipe)


def is_alive(child):
    time.sleep(0.05)  # a signal takes its time
    return child.poll() is None


def test_who_was_silent_for_longer_than_the_patience_is_killed(pulses, start, beat):
    child = start()
    beat(child.pid)
    pulses.look()
    pulses.look(PATIENCE_SECONDS)
    assert is_alive(child)
    pulses.look()
    assert child.wait(10) == -signal.SIGKILL


def test_who_has_a_pulse_is_let_be_however_long_its_main_process_slept(pulses, start, beat):
    child = start()
    for _ in range(5):
        beat(child.pid)
        pulses.look(3600)
    assert is_alive(child)


def test_silence_is_that_since_the_last_pulse(pulses, start, beat):
    child = start()
    for _ in range(5):
        beat(child.pid)
        pulses.look()
        pulses.look(PATIENCE_SECONDS)
    assert is_alive(child)


def test_who_was_never_heard_is_only_starting(pulses, start):
    child = start()
    for _ in range(5):
        pulses.look(3600)
    assert is_alive(child)


def test_only_children_are_killed(pulses, beat):
    with subprocess.Popen(
        ["sh", "-c", "sleep 600 & echo $!; wait"],  # noqa: S607
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as parent:
        other = int(parent.stdout.readline())
        try:
            for pid in (other, os.getpid(), os.getppid()):
                beat(pid)
            pulses.look()
            pulses.look(3600)
            assert is_alive(parent)
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def test_a_child_that_has_ended_is_forgotten(pulses, start, beat):
    child = start("")
    beat(child.pid)
    pulses.look()
    child.wait(10)
    pulses.look(3600)
    pulses.look(3600)


def look_until(pulses, condition, *, seconds):
    """Look as often as a pulse comes, and a little less; gives whether the condition came true."""
    for _ in range(int(seconds / 1.2)):
        time.sleep(1.2)
        pulses.look(PATIENCE_SECONDS / 3)
        if condition():
            return True
    return False


@pytest.mark.slow
def test_frozen_and_caught_children_are_killed_and_lively_ones_are_not(pulses, start):
    lively, frozen = start(CHILD + "time.sleep(600)"), start(CHILD + "time.sleep(600)")
    caught = start(CHILD + CAUGHT)
    assert not look_until(pulses, lambda: lively.poll() is not None, seconds=4)
    frozen.send_signal(signal.SIGSTOP)
    assert look_until(pulses, lambda: None not in {frozen.poll(), caught.poll()}, seconds=30)
    assert frozen.returncode == caught.returncode == -signal.SIGKILL
    assert is_alive(lively)


def test_without_a_main_process_that_listens_there_is_no_pulse(monkeypatch):
    monkeypatch.delenv("_CELLGEBRA_PULSES", raising=False)
    start_pulse()


def test_a_child_whose_main_process_has_gone_works_on(pulses, start):
    child = start(CHILD + "time.sleep(1.5)")
    time.sleep(0.5)
    pulses.close()
    pulses.close = lambda: None
    assert child.wait(20) == 0
