"""Workers that are killed at a shard: another takes it, and the job gives what it always gives."""

import io
import time

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from service.contract.jobs import JobState, Queue
from service.contract.records import JobFileRecord, JobShardRecord, ProposalRecord
from service.contract.repositories import totals
from service.supervisor.programs import SCORING
from tests.chaos.deployment import freeze, kill_worker
from tests.chaos.ledger import attempts
from tests.chaos.load import GENES

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]


def pool(genes, *levels):
    return {"edits": [f"{gene}:knockdown@{level}" for gene in genes for level in levels]}


SEARCH = {  # 850,668 sets of edits, in 4 shards
    "pool": pool(GENES, 0.2, 0.5, 0.8),
    "min_order": 5,
    "max_order": 5,
    "strategy": "batched",
    "priority": "high",
}
EDITS = pool(GENES[:12], 0.2, 0.4, 0.6, 0.8)
SCORES = {  # 194,580 sets of edits, in 13 shards
    "input": {"kind": "combinations", "pool": EDITS, "min_order": 4, "max_order": 4},
    "shard_rows": 16_000,
    "priority": "high",
}
TRIES = 3
LOOK_SECONDS = 0.02


def test_kill_of_workers_at_shards(trials, turn):  # noqa: ARG001
    """A worker that helps with a scoring job, and the one that has a search, its shards with it."""
    deployment, load = trials.deployment, trials.load
    with deployment.another_worker(SCORING) as helper:
        undisturbed = load.search(**SEARCH), load.score_combinations(**SCORES)
        load.await_ends()
        with trials.fault("kill -9 of workers at shards of two jobs", more_searches=30) as watch:
            with deployment.halted("batch"):
                with deployment.halted("search-1"):
                    scores, scorer = frozen_at_a_shard(
                        trials, lambda: others_scores(trials), helper
                    )
                search, searcher = frozen_at_a_shard(
                    trials, lambda: load.search(**SEARCH), deployment.main_process("search-1")
                )
                before = lost_shards(trials)
                trials.require_live()
                searcher.kill()
                kill_worker(scorer)
            watch.until(lambda: lost_shards(trials) >= before + 2)
    assert trials.job(search).attempt_count == 2
    assert trials.job(scores).attempt_count == 1
    assert answers(trials, search, scores) == answers(trials, *undisturbed)


def others_scores(trials):
    """A scoring job that the worker of the service holds, so that the other one can but help."""
    with trials.deployment.deaf(Queue.SCORING, "another-scoring"):
        entry = trials.load.score_combinations(**SCORES)
        for _ in attempts():
            if trials.job(entry).state != JobState.QUEUED:
                return entry
    raise AssertionError("nobody scores")


def frozen_at_a_shard(trials, create, worker):
    """A job of which a child of the worker holds a shard, and that child, which is frozen."""
    for _ in range(TRIES):
        entry = create()
        while not trials.has_ended(entry):
            time.sleep(LOOK_SECONDS)
            child = next(
                (one for one in worker.children() if holds_shard(trials, entry, one)), None
            )
            if child is None:
                continue
            freeze(child, trials.deployment.database)
            if holds_shard(trials, entry, child):
                return entry, child
            child.resume()
    raise AssertionError(f"{worker} has none of the shards")


def holds_shard(trials, entry, process):
    query = select(JobShardRecord.number).where(
        JobShardRecord.job_id == entry.resource_id,
        JobShardRecord.state == JobState.RUNNING.value,
        JobShardRecord.owner.endswith(f":{process.pid}"),
    )
    with trials.deployment.database.read() as session:
        return session.scalar(query) is not None


def lost_shards(trials):
    with trials.deployment.database.read() as session:
        return totals.totals_of(session, totals.LEASE_EXPIRIES).get(totals.SHARD, 0)


def answers(trials, search, scores):
    """Everything that is proposed, and every score."""
    with trials.deployment.database.read() as session:
        proposed = session.scalars(
            select(ProposalRecord)
            .where(ProposalRecord.job_id == search.resource_id)
            .order_by(ProposalRecord.rank)
        )
        found = [(one.genotype, one.data) for one in proposed]
        results = select(JobFileRecord.sha256).where(JobFileRecord.job_id == scores.resource_id)
        content = trials.deployment.store.read_checked(session.scalars(results).one())
    return found, pq.read_table(io.BytesIO(content))
