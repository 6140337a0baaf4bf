"""Servers that are killed and come back: scores, the api, the broker, the database, all of them."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.contract.database import DatabaseAwayError
from service.contract.records import JobRecord
from tests.chaos.deployment import kill_worker
from tests.chaos.ledger import attempts
from tests.chaos.trial import AWAY_SECONDS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]

SCORES = 200
UPLOADS = 20


def test_kill_of_the_inference_worker_in_200_scores(trials, turn):  # noqa: ARG001
    with trials.fault("kill -9 of the inference worker in 200 scores") as watch:
        with ThreadPoolExecutor(1) as pool:
            scores = pool.submit(trials.load.score_at_once, SCORES)
            for _ in attempts():
                if scores_under_way(trials) >= SCORES // 2:
                    break
            trials.deployment.main_process("inference").kill()
            watch.until(scores.done)
        firsts = [entry.answers[0] for entry in scores.result()]
        assert len(firsts) == SCORES
        assert not all(first.is_good for first in firsts), "the kill has hit nobody"


def scores_under_way(trials):
    """How many scores wait for their first answer, or have just had it."""
    entries = trials.ledger.entries()[-SCORES:]
    return sum(entry.kind is None for entry in entries)


def test_kill_of_the_api_with_uploads_half_way(trials, turn):  # noqa: ARG001
    half_way = threading.Barrier(UPLOADS + 1)
    go_on = threading.Event()
    with trials.fault("kill -9 of the api with uploads half-way") as watch:
        with ThreadPoolExecutor(UPLOADS) as pool:
            uploads = [
                pool.submit(trials.load.ingest_slowly, half_way, go_on) for _ in range(UPLOADS)
            ]
            half_way.wait(30)
            trials.deployment.main_process("api").kill()
            go_on.set()
            watch.until(lambda: all(upload.done() for upload in uploads))
        for upload in uploads:
            first = upload.result().answers[0]
            assert first.is_retryable, first


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "lost"])
def test_kill_of_the_broker(trials, turn, keeps):  # noqa: ARG001
    queues = "kept" if keeps else "lost"
    with trials.fault(f"kill -9 of the broker, its queues {queues}") as watch:
        trials.deployment.broker.stop()
        time.sleep(AWAY_SECONDS)
        if not keeps:
            trials.deployment.broker.forget()
        trials.deployment.broker.start()
        watch.restart()
        late = trials.load.ingest()
        watch.until(lambda: trials.has_ended(late))


@pytest.mark.parametrize("trials", ["postgresql"], indirect=True)
def test_restart_of_postgresql_in_a_transaction(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("crash of PostgreSQL in transactions, and restart") as watch:
        with pytest.raises(DatabaseAwayError):
            crash_while_others_wait(trials, training)
        started = trials.deployment.count_in_logs(" ready.")
        kill_worker(trials.deployment.main_process("batch"))
        for _ in attempts():  # it starts again before the database does
            if trials.deployment.count_in_logs(" ready.") > started:
                break
        trials.postgres.start()
        watch.restart()
        late = trials.load.ingest()
        watch.until(lambda: trials.has_ended(late) and is_present(trials, "batch"))


def is_present(trials, name):
    return trials.deployment.is_present(trials.deployment.main_process(name).pid)


def crash_while_others_wait(trials, training):
    """Hold a job's row, so that the transactions of its worker wait, and crash the server."""
    with trials.deployment.database.write() as session:
        session.get_one(JobRecord, training.resource_id, with_for_update=True)
        time.sleep(1)
        trials.postgres.stop(signal.SIGQUIT)


def test_sigterm_to_everything(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("SIGTERM to everything, and start") as watch:
        trials.deployment.terminate_everything()
        watch.restart()
        trials.deployment.broker.start()
        trials.deployment.start()
        watch.until(lambda: trials.is_taken_again(training))
    assert trials.job(training).attempt_count == 1  # it was handed back
