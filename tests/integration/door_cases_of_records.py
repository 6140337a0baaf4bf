"""What no project has, asked of every service: read, changed, taken away, and stood upon."""

from collections.abc import Callable
from typing import Any

from service.rpc.pb.cellgebra.v1 import (
    artifacts_pb2,
    artifacts_pb2_grpc,
    genes_pb2,
    genes_pb2_grpc,
    keys_pb2,
    keys_pb2_grpc,
    registry_pb2,
    registry_pb2_grpc,
    schemas_pb2,
    schemas_pb2_grpc,
    scoring_pb2,
    scoring_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
    sweeps_pb2,
    sweeps_pb2_grpc,
)
from tests.integration.door_cases import Case

GENES = (genes_pb2, genes_pb2_grpc.GeneTableServiceStub)
SEARCHES = (search_pb2, search_pb2_grpc.SearchServiceStub)
SCORINGS = (scoring_pb2, scoring_pb2_grpc.ScoringServiceStub)
SWEEPS = (sweeps_pb2, sweeps_pb2_grpc.SweepServiceStub)
MODELS = (registry_pb2, registry_pb2_grpc.ModelServiceStub)
ALIASES = (registry_pb2, registry_pb2_grpc.ModelAliasServiceStub)
KEYS = (keys_pb2, keys_pb2_grpc.KeyServiceStub)
ARTIFACTS = (artifacts_pb2, artifacts_pb2_grpc.ArtifactServiceStub)
SCHEMAS = (schemas_pb2, schemas_pb2_grpc.SchemaServiceStub)

NONE = "none_such"
NO_BLOB = "0" * 64
OBJECTIVES = [{"label": "isoprenol"}]


def _gone(
    rest: tuple[str, str],
    rpc: tuple[Any, str],
    message: dict[str, Any],
    python: Callable[[Any], Any] | None,
    **given: Any,
) -> Case:
    given = {"code": "NOT_FOUND", "name": f"{rpc[1]} of none", **given}
    return Case(rest=rest, rpc=rpc, message=message, python=python, **given)


def record_cases(ids: dict[str, str]) -> list[Case]:
    """Cases of every service that keeps records, by the name of their method."""
    by_id = {"id": NONE}
    return [
        _gone(
            ("GET", f"/v1/gene-tables/{NONE}"),
            (GENES, "GetGeneTable"),
            by_id,
            lambda client: client.gene_tables.get(NONE),
        ),
        _gone(
            ("DELETE", f"/v1/gene-tables/{NONE}"),
            (GENES, "DeleteGeneTable"),
            by_id,
            lambda client: client.gene_tables.delete(NONE),
        ),
        _gone(
            ("GET", f"/v1/search-jobs/{NONE}"),
            (SEARCHES, "GetSearchJob"),
            by_id,
            lambda client: client.search_run(NONE),
        ),
        _gone(
            ("POST", f"/v1/search-jobs/{NONE}:resume"),
            (SEARCHES, "ResumeSearchJob"),
            by_id,
            None,
        ),
        _gone(
            ("POST", "/v1/search-jobs"),
            (SEARCHES, "CreateSearchJob"),
            {"spec": {"modelId": NONE, "objectives": OBJECTIVES}},
            lambda client: client.search({"model_id": NONE, "objectives": OBJECTIVES}),
            body={"model_id": NONE, "objectives": OBJECTIVES},
        ),
        _gone(
            ("POST", "/v1/search-jobs"),
            (SEARCHES, "CreateSearchJob"),
            {"spec": {"modelId": ids["model_id"], "objectives": [{"label": "isopren"}]}},
            lambda client: client.search(
                {"model_id": ids["model_id"], "objectives": [{"label": "isopren"}]}
            ),
            body={"model_id": ids["model_id"], "objectives": [{"label": "isopren"}]},
            code="INVALID_ARGUMENT",
            name="a search for an unknown label",
        ),
        _gone(
            ("GET", f"/v1/scoring-jobs/{NONE}"),
            (SCORINGS, "GetScoringJob"),
            by_id,
            lambda client: client.scoring_run(NONE),
        ),
        _gone(
            ("POST", f"/v1/scoring-jobs/{NONE}:cancel"),
            (SCORINGS, "CancelScoringJob"),
            by_id,
            None,
        ),
        _gone(
            ("GET", f"/v1/sweeps/{NONE}"),
            (SWEEPS, "GetSweep"),
            by_id,
            lambda client: client.sweep_run(NONE),
        ),
        _gone(("POST", f"/v1/sweeps/{NONE}:resume"), (SWEEPS, "ResumeSweep"), by_id, None),
        _gone(("DELETE", f"/v1/sweeps/{NONE}"), (SWEEPS, "DeleteSweep"), by_id, None),
        _gone(
            ("GET", f"/v1/models/{NONE}"),
            (MODELS, "GetModel"),
            by_id,
            lambda client: client.model(NONE),
        ),
        _gone(
            ("POST", "/v1/models:compare"),
            (MODELS, "CompareModels"),
            {"modelIds": [NONE, ids["model_id"]]},
            lambda client: client.registry.compare([NONE, ids["model_id"]]),
            body={"model_ids": [NONE, ids["model_id"]]},
        ),
        _gone(
            ("GET", f"/v1/model-aliases/{NONE}@champion"),
            (ALIASES, "GetModelAlias"),
            {"reference": f"{NONE}@champion"},
            lambda client: client.registry.alias(f"{NONE}@champion"),
        ),
        _gone(
            ("GET", f"/v1/promotions/{NONE}"),
            (ALIASES, "GetPromotion"),
            by_id,
            lambda client: client.registry.promotion(NONE),
        ),
        _gone(
            ("GET", f"/v1/keys/{NONE}"),
            (KEYS, "GetApiKey"),
            by_id,
            lambda client: client.keys.get(NONE),
        ),
        _gone(
            ("POST", f"/v1/keys/{NONE}:revoke"),
            (KEYS, "RevokeApiKey"),
            by_id,
            lambda client: client.keys.revoke(NONE),
        ),
        _gone(
            ("GET", f"/v1/artifacts/{NO_BLOB}"),
            (ARTIFACTS, "GetArtifact"),
            {"sha256": NO_BLOB},
            lambda client: client.artifacts.get(NO_BLOB),
        ),
        _gone(
            ("GET", f"/v1/schemas/{NONE}"),
            (SCHEMAS, "GetSchema"),
            {"name": NONE},
            lambda client: client.schemas.get(NONE),
        ),
        Case(
            name="a schema",
            code="OK",
            rest=("GET", "/v1/schemas/training"),
            rpc=(SCHEMAS, "GetSchema"),
            message={"name": "training"},
            python=lambda client: client.schemas.get("training"),
        ),
    ]
