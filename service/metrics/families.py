"""What one process counts and times: requests, errors, and the tasks that scores travel in.

One `Metrics` a process, on a registry of its own. A label never holds what a caller has written:
routes are templates, and names that no route has are one label.
"""

import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from service.contract.schema import REVISION

# Seconds: one design over HTTP takes 3 ms, 10,000 designs 0.6 s, and nobody waits for a minute.
LATENCY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
REQUEST_BUCKETS = (1, 2, 4, 8, 16, 32, 64)
DESIGN_BUCKETS = (1, 4, 16, 64, 256, 1024, 4096, 16384)

UNKNOWN = "unknown"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The counts of this process; `registry` is what a scrape reads."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a series more for each, which nobody asks for
        self.registry = CollectorRegistry()
        histogram = partial(Histogram, registry=self.registry)
        counter = partial(Counter, registry=self.registry)
        ProcessCollector(registry=self.registry)
        self._rest_seconds = histogram(
            "cellgebra_rest_request_seconds",
            "From a REST request's head to the head of its answer",
            ["method", "route"],
            buckets=LATENCY_BUCKETS,
        )
        self._rest_requests = counter(
            "cellgebra_rest_requests",
            "REST requests answered, by status",
            ["method", "route", "status"],
        )
        self._rpc_seconds = histogram(
            "cellgebra_rpc_request_seconds",
            "From a gRPC call's start to its end; answers that are streams are left out",
            ["method"],
            buckets=LATENCY_BUCKETS,
        )
        self._rpc_requests = counter(
            "cellgebra_rpc_requests", "gRPC calls ended, by code", ["method", "code"]
        )
        self._errors = counter(
            "cellgebra_errors",
            "Errors that callers were told of",
            ["door", "code", "reason"],
        )
        self._task_requests = histogram(
            "cellgebra_score_task_requests",
            "Score requests that went to a worker as one task",
            buckets=REQUEST_BUCKETS,
        )
        self._task_designs = histogram(
            "cellgebra_score_task_designs",
            "Designs of a task of score requests",
            buckets=DESIGN_BUCKETS,
        )
        self._rest: dict[tuple[str, str | None, int], tuple[Histogram, Counter]] = {}
        Gauge(
            "cellgebra_build_info",
            "1; the version, its newest migration, and the Python that runs it",
            ["version", "schema", "python"],
            registry=self.registry,
        ).labels(version("cellgebra"), REVISION, platform.python_version()).set(1)

    def rest(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Note a REST request that was answered; a route of None is one that there is not."""
        key = method, route, status
        found = self._rest.get(key)
        if found is None:
            method = method if method in _METHODS else UNKNOWN
            route = route or UNKNOWN
            found = (
                self._rest_seconds.labels(method, route),
                self._rest_requests.labels(method, route, status),
            )
            if UNKNOWN not in (method, route):
                self._rest[key] = found
        found[0].observe(seconds)
        found[1].inc()

    def rpc(self, method: str, code: str, seconds: float | None) -> None:
        """Note that a gRPC call has ended, after so many seconds if it is one to time."""
        self._rpc_requests.labels(method, code).inc()
        if seconds is not None:
            self._rpc_seconds.labels(method).observe(seconds)

    def error(self, door: str, code: str, reason: str) -> None:
        """Note an error that a caller was told of."""
        self._errors.labels(door, code, reason).inc()

    def score_task(self, request_count: int, design_count: int) -> None:
        """Note a task that score requests went to a worker in."""
        self._task_requests.observe(request_count)
        self._task_designs.observe(design_count)

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Have a gauge read at each scrape."""
        Gauge(name, text, registry=self.registry).set_function(read)
