"""What each operation takes: a scope, or nothing (None) where anybody may ask.

An operation is an `operationId` of REST. An RPC of the same name, with a small first letter, is the
same operation, and `WatchX` is `streamXEvents`. docs/operations.md shows this table; a test holds
it, the routes and the RPCs equal.
"""

from collections.abc import Mapping
from types import MappingProxyType

from service.contract.api_keys import Scope
from service.contract.errors import PermissionDeniedError
from service.handlers.context import Caller

_PUBLIC = (
    *("live", "ready", "getHealth", "isServerLive", "isServerReady"),
    *("showLogin", "login", "logout"),
)

_READ = (
    *("listDatasets", "getDataset", "listGeneTables", "getGeneTable", "listNetworks", "getNetwork"),
    *("listTrainingJobs", "getTrainingJob", "streamTrainingJobEvents", "listSweeps", "getSweep"),
    *("listModels", "getModel", "checkModel", "exportModel", "compareModels"),
    *("getModelReport", "getModelReportPage", "downloadModelReport"),
    *("listModelAliases", "getModelAlias"),
    *("listPromotions", "getPromotion", "listSearchJobs", "getSearchJob", "streamSearchJobEvents"),
    *("listProposals", "getProposalsTsv", "getProposalsParquet", "getOrderSheet"),
    *("listScoringJobs", "getScoringJob", "streamScoringJobEvents"),
    *(
        "downloadSearchFile",
        "downloadScoringFile",
        "getScoringResultsParquet",
        "getScoringResultsTsv",
    ),
    *("listLosses", "listSchemas", "getSchema"),
    *("listArtifacts", "getArtifact", "headArtifact", "downloadArtifact"),
    *("getServerMetadata", "getModelMetadata", "getVersionMetadata"),
    *("isModelReady", "isVersionReady"),
)
_SCORE = (
    *("score", "scoreStream", "scoreTable", "compose", "infer", "inferByVersion"),
    *("createScoringJob", "cancelScoringJob", "resumeScoringJob", "deleteScoringJob"),
    *("createSearchJob", "cancelSearchJob", "resumeSearchJob", "deleteSearchJob"),
)
_TRAIN = (
    *("createDataset", "cancelDataset", "deleteDataset"),
    *("createGeneTable", "cancelGeneTable", "deleteGeneTable"),
    *("createNetwork", "cancelNetwork", "deleteNetwork"),
    *("createTrainingJob", "cancelTrainingJob", "resumeTrainingJob", "deleteTrainingJob"),
    *("createSweep", "cancelSweep", "resumeSweep", "deleteSweep"),
    *("archiveModel", "unarchiveModel", "deleteModel"),
    *("promoteModel", "rollbackModelAlias", "deleteModelAlias"),
)
_ADMIN = (
    "listAuditEvents",
    "createApiKey",
    "listApiKeys",
    "getApiKey",
    "revokeApiKey",
    "rotateApiKey",
)

# Of what is more than reading, what changes nothing.
_CHANGES_NOTHING = frozenset(
    {*_READ, *_PUBLIC, "score", "scoreStream", "scoreTable", "compose", "infer", "inferByVersion"}
    | {"listAuditEvents", "listApiKeys", "getApiKey"}
)

OPERATIONS: Mapping[str, Scope | None] = MappingProxyType(
    dict.fromkeys(_PUBLIC)
    | dict.fromkeys(_READ, Scope.READ)
    | dict.fromkeys(_SCORE, Scope.SCORE)
    | dict.fromkeys(_TRAIN, Scope.TRAIN)
    | dict.fromkeys(_ADMIN, Scope.ADMIN)
)


def is_change(operation: str) -> bool:
    """Whether an operation changes something, and is written into the audit log."""
    return operation not in _CHANGES_NOTHING


def require_scope(caller: Caller, operation: str) -> None:
    """Check that a caller may do something; what nobody has put into the table takes an admin.

    Raises:
        PermissionDeniedError: the key lacks the scope.
    """
    needed = OPERATIONS.get(operation, Scope.ADMIN)
    if needed is None or needed in caller.scopes or Scope.ADMIN in caller.scopes:
        return
    raise PermissionDeniedError(
        f"{operation} takes a key with the scope {needed}; this one has "
        f"{', '.join(sorted(caller.scopes))}: ask an admin for another"
    )
