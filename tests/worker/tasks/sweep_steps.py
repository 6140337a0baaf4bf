"""Steps of sweeps on rows alone: what users, workers and the task of the sweep do to them."""

from dataclasses import dataclass

from service.contract.database import Database
from service.contract.jobs import EventType, JobState
from service.contract.records import JobRecord, SweepRecord
from service.contract.repositories import events, leases, resumption, sweeps
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.sweeps import SweepSpec
from worker.tasks.sweep import step

RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2}
TRAINING = {"dataset_id": "dataset_1", "labels": [{"name": "y"}], "model": {"kind": "gp"}}


@dataclass
class SweepSteps:
    """Sweeps of one database."""

    database: Database

    def begin(self, training=TRAINING, parameters=(RATE,), **changes):
        """Record a sweep; gives its id."""
        spec = SweepSpec(training=training, parameters=parameters, **changes)
        with self.database.write() as session:
            return sweeps.add_sweep(
                session,
                Owner("lab", "ada"),
                spec.model_dump(mode="json"),
                dataset_id="dataset_1",
                request=Request(None, "0" * 64),
            ).id

    def take(self, sweep_id):
        """One step of a sweep; gives the ids of the jobs that it queued."""
        with self.database.write() as session:
            return step(session, sweep_id)

    def look(self, sweep_id):
        """A sweep and its trials."""
        with self.database.read() as session:
            sweep = session.get_one(SweepRecord, sweep_id)
            return sweep, list(sweeps.trials_of(session, sweep))

    def states(self, sweep_id):
        """The state of a sweep and of its trials."""
        sweep, trials = self.look(sweep_id)
        return sweep.state, [trial.state for trial in trials]

    def claim(self, job_id):
        """Begin a job as a worker does; gives its lease."""
        with self.database.write() as session:
            return leases.Lease(job_id, leases.claim(session, job_id, "worker", 60).fence)

    def end(self, job_id, state=JobState.SUCCEEDED, **outcome):
        """End a job as a worker does, with an objective, a model, or an error."""
        lease = self.claim(job_id)
        with self.database.write() as session:
            leases.finish(session, lease, state, **outcome)

    def tell(self, job_id, *scores):
        """Tell of the folds of a running job."""
        with self.database.write() as session:
            for fold, score in enumerate(scores, start=1):
                data = {"fold": fold, "folds": 5, "score": score}
                events.append_event(session, job_id, EventType.VALIDATION, data)

    def cancel(self, sweep_id):
        """Cancel a sweep."""
        with self.database.write() as session:
            sweep = sweeps.get_sweep(session, "lab", sweep_id, lock=True)
            sweeps.cancel_sweep(session, sweep)

    def resume(self, sweep_id):
        """Resume a sweep."""
        with self.database.write() as session:
            sweep = sweeps.get_sweep(session, "lab", sweep_id, lock=True)
            resumption.resume_sweep(session, sweep)

    def job(self, job_id):
        """A job by its id."""
        with self.database.read() as session:
            return session.get_one(JobRecord, job_id)
