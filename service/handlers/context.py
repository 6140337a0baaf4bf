"""What every handler is given: the parts of this process, and who calls."""

import asyncio
from dataclasses import dataclass

from service.coalescing import Coalescer
from service.contract.api_keys import LOCAL_NAME, Scope
from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.repositories.jobs import Owner
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from service.dispatch import Dispatcher
from service.handlers.audit_log import AuditLog
from service.handlers.events import EventHub
from service.handlers.in_flight import InFlight
from service.handlers.key_ring import KeyRing
from service.handlers.manifests import ManifestCache
from service.handlers.rate_limits import RateLimits
from service.handlers.refusals import Refusals
from service.handlers.threads import THREAD_COUNT, Threads
from service.handlers.tokens import Tokens
from service.metrics.families import Metrics
from service.metrics.fleet import FleetCollector
from service.metrics.listener import MetricsListener
from service.questions import Questions
from service.tables.process import Tables


@dataclass(frozen=True)
class Caller:
    """Who calls, in which project, and what is allowed; every door has to say.

    `name` is the id of an API key, or `oidc:` and the subject of a token.
    """

    project_id: str
    name: str
    scopes: frozenset[Scope] = frozenset()

    @property
    def key_id(self) -> str | None:
        """By whom limits are counted; None of a program of this machine, which needs no key."""
        return None if self.name == LOCAL_NAME else self.name

    @property
    def owner(self) -> Owner:
        """The caller as the owner of new rows."""
        return Owner(self.project_id, self.name)


LOCAL = Caller("default", LOCAL_NAME, frozenset({Scope.ADMIN}))


@dataclass(frozen=True)
class Context:
    """The parts of one front-end process. Handlers keep no state of their own."""

    settings: Settings
    database: Database
    store: ArtifactStore
    dispatcher: Dispatcher
    questions: Questions
    coalescer: Coalescer
    threads: Threads
    keys: KeyRing
    tokens: Tokens | None
    events: EventHub
    manifests: ManifestCache
    scores: InFlight
    tables: Tables
    going: asyncio.Event
    metrics: Metrics
    scrapes: MetricsListener
    limits: RateLimits
    audit: AuditLog
    refusals: Refusals

    @classmethod
    def of(cls, settings: Settings) -> "Context":
        """Put the parts together; nothing is connected or started yet."""
        database = Database(settings.resolved_database_url, pool_size=THREAD_COUNT)
        dispatcher = Dispatcher(settings.required_broker_url)
        questions = Questions(settings.required_broker_url, dispatcher, settings.reply_ttl_seconds)
        threads = Threads()
        metrics = Metrics()
        metrics.registry.register(FleetCollector(settings, database, dispatcher.queue_lengths))
        scores = InFlight(settings.max_scores_in_flight, settings.max_designs_in_flight)
        scores.measure(metrics)
        audit = AuditLog(database, threads)
        return cls(
            settings=settings,
            database=database,
            store=artifact_store(settings),
            dispatcher=dispatcher,
            questions=questions,
            coalescer=Coalescer(questions.score, note=metrics.score_task),
            threads=threads,
            keys=KeyRing(database, threads, settings.key_refresh_seconds),
            tokens=Tokens.of(settings),
            events=EventHub(database, threads, settings.event_poll_seconds),
            manifests=ManifestCache(),
            scores=scores,
            tables=Tables(),
            going=asyncio.Event(),
            metrics=metrics,
            scrapes=MetricsListener(settings, metrics.registry),
            limits=RateLimits(settings),
            audit=audit,
            refusals=Refusals(audit),
        )

    @property
    def is_going(self) -> bool:
        """Whether the process is about to end: who is served by a stream comes again."""
        return self.going.is_set()

    def end_streams(self) -> None:
        """Have every stream end now, since the process is about to."""
        self.going.set()
        self.events.end_streams()

    async def start(self) -> None:
        """Begin to read keys, score answers and job events, and to answer scrapes.

        Raises:
            OSError: the port for scrapes is taken.
        """
        self.scrapes.start()
        await self.keys.start()
        self.audit.start()
        await self.questions.start()
        self.events.start()

    async def close(self) -> None:
        """Stop every part, in the reverse order."""
        self.scrapes.close()
        await self.events.close()
        self.coalescer.close()
        await self.tables.close()
        await self.questions.close()
        await self.keys.close()
        if self.tokens is not None:
            await self.tokens.close()
        await self.audit.close()
        await self.limits.close()
        self.threads.close()
        self.dispatcher.close()
        self.database.close()
