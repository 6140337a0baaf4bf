"""The specs that users write, by name: for files, and as JSON Schema."""

from typing import Any

from pydantic import BaseModel

from service.contract.datasets import DatasetSpec
from service.contract.genes import GeneTableSpec, NetworkSpec
from service.contract.scoring_jobs import ScoringSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec
from service.contract.training import TrainingSpec

SPECS: dict[str, type[BaseModel]] = {
    "training": TrainingSpec,
    "sweep": SweepSpec,
    "search": SearchSpec,
    "scoring": ScoringSpec,
    "dataset": DatasetSpec,
    "gene-table": GeneTableSpec,
    "network": NetworkSpec,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str, path: str) -> dict[str, Any]:
    """JSON Schema of a spec; `path` is where it is served.

    Raises:
        KeyError: there is no such spec.
    """
    return {"$schema": DIALECT, "$id": path, **SPECS[kind].model_json_schema()}
