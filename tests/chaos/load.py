"""Work for a deployment: many small jobs of every kind, and scores whose answer is known."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx

from service.contract.jobs import TERMINAL_STATES, JobKind
from service.contract.records import JobRecord
from tests.chaos.deployment import Deployment
from tests.chaos.ledger import Entry, Ledger, attempts, broken_connection, read_answer

MAPPING = {
    "design": {"layout": "genotype", "column": "genotype", "kind": "knockdown"},
    "labels": [{"name": "titer", "kind": "titer", "unit": "mg/L"}],
}
GENES = [f"g{i}" for i in range(14)]
ASKED = ["", "g0:knockdown", "g1:knockdown+g5:knockdown"]
PROPOSALS = 5
SENDERS = 8


def table(seed: int, rows: int = 60) -> bytes:
    """Strains of one to three edits with a titer; another seed gives another table."""
    draw = random.Random(seed)  # noqa: S311 - data of a test
    lines = ["genotype\ttiter", "\t10.0"]
    for _ in range(rows):
        genes = draw.sample(GENES, draw.randint(1, 3))
        value = 10 + sum(GENES.index(gene) for gene in genes) + draw.gauss(0, 0.1)
        lines.append(f"{'+'.join(genes)}\t{value:.4f}")
    return "\n".join(lines).encode()


class Load:
    """Sends work to a deployment and writes every answer down."""

    def __init__(self, deployment: Deployment, ledger: Ledger) -> None:
        self.deployment = deployment
        self.ledger = ledger
        self._client = httpx.Client(timeout=60, limits=httpx.Limits(max_connections=256))
        self._seeds = count(1)
        self.dataset_id = ""
        self.model_id = ""
        self._known: dict[str, Any] = {}

    def lay_ground(self) -> None:
        """A data set and a model that later jobs stand on, and the answer to a score."""
        self.dataset_id = str(self.ingest().resource_id)
        self.await_ends()
        training = self.training()
        self.await_ends()
        with self.deployment.database.read() as session:
            result = session.get_one(JobRecord, training.resource_id).result
        assert result is not None
        self.model_id = result["model_id"]
        self._known = self.score().answers[-1].body or {}
        assert self._known

    def ingest(self) -> Entry:
        """Upload a table of its own."""
        return self._create(
            JobKind.INGEST,
            "/v1/datasets",
            content=table(next(self._seeds)),
            params={"spec": json.dumps(MAPPING)},
        )

    def ingest_slowly(self, half_way: threading.Barrier, go_on: threading.Event) -> Entry:
        """Upload a table whose first try stops half-way, until `go_on`."""
        content = table(next(self._seeds))
        middle = len(content) // 2

        def first_try() -> Iterator[bytes]:
            yield content[:middle]
            half_way.wait(30)
            go_on.wait(30)
            yield content[middle:]

        bodies = iter([first_try()])
        return self._create(
            JobKind.INGEST,
            "/v1/datasets",
            content=lambda: next(bodies, content),
            params={"spec": json.dumps(MAPPING)},
        )

    def training(self, *, epochs: int | None = None, **model: Any) -> Entry:
        """Train: an additive model, or a network for so many epochs."""
        network = {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8} | model
        spec = {
            "dataset_id": self.dataset_id,
            "name": "trial",
            "labels": [{"name": "titer"}],
            "model": {"kind": "additive"} if epochs is None else network,
            "epochs": epochs or 1,
            "patience_epochs": epochs or 1,
            "ensemble_size": 2 if epochs is None else 1,
            "seed": next(self._seeds),
        }
        return self._create(JobKind.TRAINING, "/v1/training-jobs", json=spec)

    def search(self, **changes: Any) -> Entry:
        """Search every pair, unless something else is said."""
        spec = {
            "model_id": self.model_id,
            "objectives": [{"label": "titer"}],
            "max_order": 2,
            "proposal_count": PROPOSALS,
            **changes,
        }
        return self._create(JobKind.SEARCH, "/v1/search-jobs", json=spec)

    def score_combinations(self, **changes: Any) -> Entry:
        """Score every design of two to four edits in two shards, unless something else is said."""
        designs = {"kind": "combinations", "min_order": 2, "max_order": 4}
        spec = {"model_id": self.model_id, "input": designs, "shard_rows": 1000, **changes}
        return self._create(JobKind.SCORING, "/v1/scoring-jobs", json=spec)

    def score(self) -> Entry:
        """Ask for a score until it comes; it has to be what it was before."""
        entry = self.ledger.open(None)
        path = f"/v1/models/{self.model_id}:score"
        body = {"genotypes": ASKED, "timeout_seconds": 5}
        self._send_until_taken(entry, path, json=body)
        if self._known and entry.is_accepted:
            assert entry.answers[-1].body == self._known, "a score has changed"
        return entry

    def score_at_once(self, number: int) -> list[Entry]:
        """Ask for so many scores at the same time."""
        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(lambda _: self.score(), range(number)))

    def fill(self, *, ingests: int, searches: int, scorings: int, trainings: int = 0) -> None:
        """Create many jobs at once, in any order."""
        calls: list[Callable[[], Entry]] = [self.ingest] * ingests + [self.training] * trainings
        calls += [self.search] * searches + [self.score_combinations] * scorings
        random.Random(0).shuffle(calls)  # noqa: S311
        with ThreadPoolExecutor(SENDERS) as pool:
            for future in [pool.submit(call) for call in calls]:
                future.result()

    def live_count(self) -> int:
        """How many jobs have not ended."""
        with self.deployment.database.read() as session:
            ended = [state.value for state in TERMINAL_STATES]
            return session.query(JobRecord).where(JobRecord.state.not_in(ended)).count()

    def await_ends(self, seconds: float = 180.0) -> None:
        """Wait until every job has ended."""
        for _ in attempts(seconds):
            if self.live_count() == 0:
                return
        raise AssertionError(f"jobs do not end: {self._alive()}\n{self.deployment.service.logs()}")

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _create(self, kind: JobKind, path: str, **request: Any) -> Entry:
        entry = self.ledger.open(kind)
        params = {**request.pop("params", {}), "request_id": entry.request_id}
        self._send_until_taken(entry, path, params=params, **request)
        body = entry.answers[-1].body
        entry.resource_id = None if body is None else body["id"]
        return entry

    def _send_until_taken(self, entry: Entry, path: str, **request: Any) -> None:
        given = request.pop("content", None)
        for _ in attempts():
            if given is not None:
                request["content"] = given() if callable(given) else given
            try:
                url = self.deployment.service.base_url + path
                entry.answers.append(read_answer(self._client.post(url, **request)))
            except httpx.TransportError as error:
                entry.answers.append(broken_connection(error))
            if not entry.answers[-1].is_retryable:
                return

    def _alive(self) -> list[tuple[str, str, str, int]]:
        with self.deployment.database.read() as session:
            ended = [state.value for state in TERMINAL_STATES]
            jobs = session.query(JobRecord).where(JobRecord.state.not_in(ended))
            return [(job.id, job.kind, job.state, job.attempt_count) for job in jobs]


class Trickle:
    """Goes on asking while something is broken: uploads and scores, one a second."""

    def __init__(self, load: Load, pause_seconds: float = 1.0) -> None:
        self._load = load
        self._pause = pause_seconds
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="trickle", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._load.ingest()
                self._load.score()
                time.sleep(self._pause)
        except BaseException as error:  # noqa: BLE001 - raised where the trial waits for it
            self._error = error
