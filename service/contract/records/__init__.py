"""Rows. Every table has `project_id` and `created_by`; every list has its index.

Whoever imports one has all tables in the metadata: here they come together.
"""

from service.contract.records.api_keys import ApiKeyRecord
from service.contract.records.audit import AuditEventRecord
from service.contract.records.jobs import (
    JobEventRecord,
    JobFileRecord,
    JobRecord,
    JobShardRecord,
    ProposalRecord,
    WorkerRecord,
)
from service.contract.records.models import (
    ModelAliasRecord,
    ModelNameRecord,
    ModelRecord,
    PromotionLoadRecord,
    PromotionRecord,
)
from service.contract.records.sweeps import SweepRecord, SweepTrialRecord
from service.contract.records.totals import TotalRecord
from service.contract.records.uploads import (
    ArtifactRecord,
    DatasetRecord,
    GeneTableRecord,
    NetworkRecord,
    UploadRecord,
)

__all__ = [
    "ApiKeyRecord",
    "ArtifactRecord",
    "AuditEventRecord",
    "DatasetRecord",
    "GeneTableRecord",
    "JobEventRecord",
    "JobFileRecord",
    "JobRecord",
    "JobShardRecord",
    "ModelAliasRecord",
    "ModelNameRecord",
    "ModelRecord",
    "NetworkRecord",
    "PromotionLoadRecord",
    "PromotionRecord",
    "ProposalRecord",
    "SweepRecord",
    "SweepTrialRecord",
    "TotalRecord",
    "UploadRecord",
    "WorkerRecord",
]
