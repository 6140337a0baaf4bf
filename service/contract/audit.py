"""The audit log: who did what, when, from where, and what came of it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

REFUSED = "authenticate"  # the operation of who was not let in


class AuditEvent(BaseModel):
    """A change, or a refusal. No secret is ever in one.

    `actor` is the id of a key, `local` without keys, empty where nobody is known; `result` is OK or
    the code of an error; `event_count` is how many refusals of one minute it stands for.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    project_id: str
    create_time: datetime
    actor: str
    door: str
    operation: str
    resource_id: str
    address: str
    result: str
    trace_id: str
    event_count: int
