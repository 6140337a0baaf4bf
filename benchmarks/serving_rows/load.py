"""Load from `wrk`: one thread, some connections, bodies in rotation; and what the server used."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving_rows.process_tree import cpu_between, cpu_milliseconds

SCRIPT = Path(__file__).parents[1] / "peers" / "serving" / "rotate.lua"
WARM_SECONDS = 2
_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Load:
    """One run; `cpu_ms` are of the server's whole process tree, a request."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    request_count: int
    failed_count: int


def load(url: str, bodies: Path, pid: int, *, connections: int, seconds: int) -> Load:
    """Run `wrk` against a server whose tree starts at `pid`, after a warm-up."""
    _wrk(url, bodies, connections, WARM_SECONDS)
    before = cpu_milliseconds(pid)
    text = _wrk(url, bodies, connections, seconds)
    used = cpu_between(before, cpu_milliseconds(pid))
    count = int(_found(r"(\d+) requests in", text))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    return Load(
        requests_per_second=float(_found(r"Requests/sec:\s+([\d.]+)", text)),
        p50_ms=_latency(50, text),
        p99_ms=_latency(99, text),
        cpu_ms=used / max(count, 1),
        request_count=count,
        failed_count=(int(failed[1]) if failed else 0)
        + (sum(map(int, re.findall(r"\d+", broken[1]))) if broken else 0),
    )


def _wrk(url: str, bodies: Path, connections: int, seconds: int) -> str:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    done = subprocess.run(  # noqa: S603
        [*command, "-s", str(SCRIPT), url],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "BODIES": str(bodies)},
    )
    return done.stdout


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk says nothing of {pattern}:\n{text}")
    return found[1]


def _latency(percent: int, text: str) -> float:
    value = _found(rf"\n\s+{percent}%\s+(\S+)", text)
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", value).groups()
    return float(number) * _MILLISECONDS[unit]
