"""`cellgebra up`: a broker, a database, and every process of the service, on one machine."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from service.cli.processes import NotStartedError, require_tls
from service.contract.broker import celery_url, socket_url
from service.contract.settings import Settings, problems_of
from service.contract.stores import artifact_store
from service.supervisor import broker, programs
from service.supervisor.errors import NotReadyError, StoppedError, SupervisorError
from service.supervisor.lock import hold_data_dir
from service.supervisor.memory import tree_memory
from service.supervisor.ports import claim_port
from service.supervisor.readiness import ask_ready, reachable
from service.supervisor.stopping import StopRequests
from service.supervisor.supervisor import StopGroup, Supervisor

READY_SECONDS = 90.0
WORKER_STOP_SECONDS = 6.0
API_STOP_SECONDS = 4.0
BROKER_STOP_SECONDS = 2.0
_BROKER_SECONDS = 15.0
_MIGRATION_SECONDS = 60.0

_USUAL_HOSTS = ("127.0.0.1", "localhost", "::1")  # spares the check its imports

Tell = Callable[[str], None]


def run_up(
    options: Mapping[str, Any],
    *,
    counts: programs.WorkerCounts,
    stop_with_parent: bool,
    tell: Tell,
) -> str | None:
    """Run the service until asked to stop; returns what went wrong, if anything did."""
    begin = time.monotonic()
    logging.basicConfig(level=logging.WARNING, format="cellgebra: %(message)s")
    requests = StopRequests(with_parent=stop_with_parent)
    try:
        with requests.listening(), ExitStack() as stack:
            settings = _prepare(options, stack)
            up = _Up(settings, requests, tell)
            try:
                up.start(counts, begin)
                up.supervisor.run()
                tell("stopping (Ctrl-C again: at once)")
            finally:
                up.stop()
    except StoppedError:
        tell("stopped while starting")
    except SupervisorError as error:
        return str(error)
    except ValidationError as error:
        return problems_of(error)
    return None


class _Up:
    """One run: what was started, and how to end it."""

    def __init__(self, settings: Settings, requests: StopRequests, tell: Tell) -> None:
        self._settings = settings
        self._requests = requests
        self._tell = tell
        self._own_socket: Path | None = None
        if settings.broker_url is None:
            self._own_socket = broker.socket_path(settings.data_dir)
            self._settings = settings.model_copy(
                update={"broker_url": socket_url(self._own_socket)}
            )
        environment = programs.shared_environment(self._settings)
        self.supervisor = Supervisor(environment, requests.is_asked)

    def start(self, counts: programs.WorkerCounts, begin: float) -> None:
        """Broker and migrations side by side, then everything else at once; wait until ready."""
        settings = self._settings
        if self._own_socket is not None:
            self.supervisor.start(broker.broker_program(settings.data_dir, self._own_socket))
        self.supervisor.run_once(programs.migration(settings), _MIGRATION_SECONDS)
        self._await_broker()
        for program in programs.programs(settings, counts):
            self.supervisor.start(program)
        self._await_ready()
        self._tell_ready(time.monotonic() - begin)

    def stop(self) -> None:
        """Workers first, so that they can hand their jobs back; the broker last."""
        names = self.supervisor.names()
        api, own = frozenset({"api", "rpc"}), frozenset({"broker"})
        self.supervisor.stop(
            [
                StopGroup(names - api - own, WORKER_STOP_SECONDS),
                StopGroup(api, API_STOP_SECONDS),
                StopGroup(own, BROKER_STOP_SECONDS),
            ],
            self._requests.is_urgent,
        )
        if self._own_socket is not None:
            self._own_socket.unlink(missing_ok=True)
            if broker.is_private_temporary(self._own_socket, self._settings.data_dir):
                self._own_socket.parent.rmdir()

    def _await_broker(self) -> None:
        path = self._own_socket
        if path is not None and not self.supervisor.wait_for(
            lambda: broker.answers_ping(path), _BROKER_SECONDS
        ):
            raise NotReadyError(f"the broker does not answer; see {self._log('broker')}")

    def _await_ready(self) -> None:
        last = ""

        def is_ready() -> bool:
            nonlocal last
            ready, last = ask_ready(self._settings.host, self._settings.port)
            return ready

        if not self.supervisor.wait_for(is_ready, READY_SECONDS):
            raise NotReadyError(
                f"not ready after {READY_SECONDS:g} s; /health/ready says: {last.strip()}\n"
                f"The logs are in {self._settings.data_dir / 'logs'}"
            )

    def _tell_ready(self, seconds: float) -> None:
        settings, memory = self._settings, tree_memory()
        host = reachable(settings.host)
        host = f"[{host}]" if ":" in host else host
        address = f"http://{host}:{settings.port}"
        self._tell(f"ready in {seconds:.1f} s; {memory.describe()}")
        self._tell(f"  REST  {address}  (docs: {address}/docs)")
        self._tell(f"  gRPC  {host}:{settings.grpc_port}")
        if settings.metrics_port is not None:
            self._tell(f"  scrapes  http://{settings.metrics_host}:{settings.metrics_port}/metrics")
        self._tell(f"  data  {settings.data_dir}  (logs in {settings.data_dir / 'logs'})")
        self._tell("Ctrl-C stops it.")

    def _log(self, name: str) -> Path:
        return self._settings.data_dir / "logs" / f"{name}.log"


def _prepare(options: Mapping[str, Any], stack: ExitStack) -> Settings:
    """Settings with every path absolute and every port checked; the data folder is ours."""
    given = Settings(**options)
    _check_urls(given)
    _check_host(given)
    _check_tls(given)
    ports = {
        "port": claim_port(given.host, given.port, "--port"),
        "grpc_port": claim_port(given.host, given.grpc_port, "--grpc-port"),
    }
    if given.metrics_port is not None:
        scraped, option = given.metrics_host, "CELLGEBRA_METRICS_PORT"
        ports["metrics_port"] = claim_port(scraped, given.metrics_port, option)
    data_dir = given.data_dir.expanduser().resolve()
    stack.enter_context(hold_data_dir(data_dir))
    return given.model_copy(
        update={
            **ports,
            **_absolute_files(given),
            "data_dir": data_dir,
            "database_url": _absolute(given.database_url),
        }
    )


def _check_urls(settings: Settings) -> None:
    database = settings.database_url
    if database is not None and not database.startswith(("sqlite", "postgresql")):
        raise SupervisorError("setting CELLGEBRA_DATABASE_URL: use sqlite:/// or postgresql://")
    try:
        artifact_store(settings)
        if settings.broker_url is not None:
            celery_url(settings.broker_url)
    except ValueError as error:
        raise SupervisorError(str(error)) from error


def _check_host(settings: Settings) -> None:
    """What the api process would refuse, said before anything starts."""
    if settings.host in _USUAL_HOSTS:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from service.handlers.access import require_keys

    try:
        require_keys(settings)
    except (SQLAlchemyError, ValueError) as error:
        raise SupervisorError(str(error)) from error


def _check_tls(settings: Settings) -> None:
    try:
        require_tls(settings)
    except NotStartedError as error:
        raise SupervisorError(str(error)) from error


def _absolute_files(settings: Settings) -> dict[str, Path]:
    """Files that settings name, made absolute: workers run in another folder."""
    tls = ("grpc_tls_certificate", "grpc_tls_key", "grpc_tls_client_ca")
    names = ("secrets_dir", "beat_file", *tls)
    files = {name: getattr(settings, name) for name in names}
    return {name: path.absolute() for name, path in files.items() if path is not None}


def _absolute(url: str | None) -> str | None:
    """A relative SQLite path made absolute: workers run in another folder."""
    scheme, separator, path = (url or "").partition(":///")
    if not separator or not scheme.startswith("sqlite") or Path(path).is_absolute():
        return url
    return f"{scheme}:///{Path(os.path.abspath(path))}"  # noqa: PTH100 - must not resolve links
