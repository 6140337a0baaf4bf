"""LitServe and BentoML, each in an environment of its own, with our predictor inside."""

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers.processes import die_with_parent, free_port, kill_group, stop

HERE = Path(__file__).parents[1] / "peers" / "serving"
READY_SECONDS = 90.0
STOP_SECONDS = 10.0


@contextmanager
def litserve(folder: Path, model: Path, *options: str) -> Iterator[tuple[str, int]]:
    """A running LitServe, its environment's `bin` at `folder`; gives its URL and its process."""
    port = free_port()
    command = [str(folder / "python"), str(HERE / "lit_server.py"), str(port), *options]
    with _running(command, model, port, "health") as pid:
        yield f"http://127.0.0.1:{port}/predict", pid


@contextmanager
def bentoml(folder: Path, model: Path) -> Iterator[tuple[str, int]]:
    """A running BentoML, its environment's `bin` at `folder`; gives its URL and its process."""
    port = free_port()
    command = [str(folder / "bentoml"), "serve", "bento_service:Scoring"]
    command += ["--working-dir", str(HERE), "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, model, port, "readyz") as pid:
        yield f"http://127.0.0.1:{port}/predict", pid


@contextmanager
def _running(command: Sequence[str], model: Path, port: int, ready: str) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "SCORING_MODEL": str(model),
            "SCORING_REPOSITORY": str(HERE.parents[2]),
            "SCORING_SITE": sysconfig.get_path("purelib"),
            "PYTHONPATH": str(HERE),
            "OMP_NUM_THREADS": "1",
            "BENTOML_HOME": home,
            "BENTOML_DO_NOT_TRACK": "True",
        }
        log = Path(home) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=home,
                start_new_session=True,
                preexec_fn=die_with_parent(15),
            )
        try:
            _wait(f"http://127.0.0.1:{port}/{ready}", process, log)
            yield process.pid
        finally:
            stop(process, 15, timeout_seconds=STOP_SECONDS)
            kill_group(process.pid)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).is_success:
                time.sleep(2)  # LitServe's worker may still load its model
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    sys.exit(f"a peer does not become ready:\n{log.read_text()[-3000:]}")
