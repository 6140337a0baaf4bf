"""What a sole supervisor knows: whoever held a job or served a queue before it is gone."""

from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from service.contract.database import shared_now
from service.contract.jobs import JobState
from service.contract.records import JobRecord, JobShardRecord, WorkerRecord

_HELD = (JobState.RUNNING.value, JobState.CANCELLING.value)


def take_over(session: Session) -> None:
    """End every lease, of jobs for the scheduler to recover and of shards; forget every worker.

    Only for who knows that no worker runs, as the holder of the data folder's lock does; a worker
    that did run would carry on until its fence is refused.
    """
    for record in (JobRecord, JobShardRecord):
        session.execute(
            update(record)
            .where(record.state.in_(_HELD))
            .values(lease_until=shared_now(session) - timedelta(seconds=1))
            .execution_options(synchronize_session=False)
        )
    session.execute(delete(WorkerRecord))
