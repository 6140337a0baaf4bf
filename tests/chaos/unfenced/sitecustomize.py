"""Switches fencing off in every process whose PYTHONPATH begins with this folder.

The trials have to find out: a suite that stays green without the fence would prove nothing. The
life cycle's checks of the lease go: who once held a job may go on writing to it, and is not killed
for its silence before it can.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

_LEASES, _EVENTS = "service.contract.repositories.leases", "service.contract.repositories.events"
_LOST = "worker.tasks.lost_children"


def _unfence_leases(module):
    def beat(session, lease, lease_seconds):
        """Renew the lease of whoever holds the job."""
        job = session.get_one(module.JobRecord, lease.job_id)
        if job.lease_until is not None:
            wait = module.timedelta(seconds=lease_seconds)
            job.lease_until = module.shared_now(session) + wait
        return module.JobState(job.state)

    module.lock_held = lambda session, lease: session.get_one(module.JobRecord, lease.job_id)
    module.heartbeat = beat


def _unfence_events(module):
    append = module.append_event
    module.append_event = lambda *args, fence=None: append(*args)  # noqa: ARG005


def _be_patient(module):
    module.GRACE_SECONDS = 3600.0


_PATCHES = {_LEASES: _unfence_leases, _EVENTS: _unfence_events, _LOST: _be_patient}


class _Unfencing(MetaPathFinder):
    """Loads a module as it is, then takes its fence away."""

    def find_spec(self, name, path, target=None):
        if name not in _PATCHES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _PATCHES[name](module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Unfencing())
