"""A worker that goes tells its children, those that listen and those that do not yet."""

import subprocess
import sys
import threading

import pytest

from worker.tasks import stopping

# As the pool starts them; it takes a while until they listen.
CHILD = """
import signal, sys, time
name = "spawn_main"
print("started", flush=True)
time.sleep(float(sys.argv[1]))
signal.signal(signal.SIGUSR2, lambda *_: sys.exit(7))
time.sleep(60)
"""


@pytest.mark.parametrize("deaf_seconds", [0.0, 1.0])
def test_a_child_hears_as_soon_as_it_listens(deaf_seconds):
    command = [sys.executable, "-c", CHILD, str(deaf_seconds)]
    over = threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        stopping.ask_children(over)
        try:
            assert child.wait(30) == 7
        finally:
            over.set()
            child.kill()
