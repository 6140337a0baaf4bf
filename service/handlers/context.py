"""What every handler is given: the parts of this process, and who calls."""

from dataclasses import dataclass

from service.coalescing import Coalescer
from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.repositories.jobs import Owner
from service.contract.settings import Settings
from service.dispatch import Dispatcher
from service.handlers.events import EventHub
from service.handlers.in_flight import InFlight
from service.handlers.manifests import ManifestCache
from service.handlers.threads import THREAD_COUNT, Threads
from service.questions import Questions
from service.tables.process import Tables


@dataclass(frozen=True)
class Caller:
    """Who calls, and in which project; every door has to say."""

    project_id: str
    name: str

    @property
    def owner(self) -> Owner:
        """The caller as the owner of new rows."""
        return Owner(self.project_id, self.name)


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
    events: EventHub
    manifests: ManifestCache
    scores: InFlight
    tables: Tables

    @classmethod
    def of(cls, settings: Settings) -> "Context":
        """Put the parts together; nothing is connected or started yet."""
        database = Database(settings.resolved_database_url, pool_size=THREAD_COUNT)
        dispatcher = Dispatcher(settings.required_broker_url)
        questions = Questions(settings.required_broker_url, dispatcher, settings.reply_ttl_seconds)
        threads = Threads()
        return cls(
            settings=settings,
            database=database,
            store=ArtifactStore(settings.artifact_dir),
            dispatcher=dispatcher,
            questions=questions,
            coalescer=Coalescer(questions.score),
            threads=threads,
            events=EventHub(database, threads, settings.event_poll_seconds),
            manifests=ManifestCache(),
            scores=InFlight(settings.max_scores_in_flight, settings.max_designs_in_flight),
            tables=Tables(),
        )

    async def start(self) -> None:
        """Begin to read score answers and job events."""
        await self.questions.start()
        self.events.start()

    async def close(self) -> None:
        """Stop every part, in the reverse order."""
        await self.events.close()
        self.coalescer.close()
        await self.tables.close()
        await self.questions.close()
        self.threads.close()
        self.dispatcher.close()
        self.database.close()
