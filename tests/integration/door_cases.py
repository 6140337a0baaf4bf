"""The same requests, good and bad, in the words of each door."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import ParseDict

from service.contract.algebra import ComposeAnswer
from service.contract.inference import ScoreAnswer
from service.contract.resources import Dataset, TrainingJob
from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    inference_pb2,
    inference_pb2_grpc,
    training_pb2,
    training_pb2_grpc,
)

TRAINING = (training_pb2, training_pb2_grpc.TrainingServiceStub)
INFERENCE = (inference_pb2, inference_pb2_grpc.InferenceServiceStub)
DATASETS = (datasets_pb2, datasets_pb2_grpc.DatasetServiceStub)
SCORED = "PP_0368:knockdown"


@dataclass(frozen=True)
class Case:
    """One request. `code` is what it ends with; `python` is None where the client has no such call.

    `answer` is what a good answer is read as; None where it says nothing.
    """

    name: str
    code: str
    rest: tuple[str, str]
    rpc: tuple[Any, str]
    message: Mapping[str, Any]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    python: Callable[[Any], Any] | None = None
    answer: Any = None

    def request(self):
        """The protobuf message."""
        (module, _), method = self.rpc
        return ParseDict(self.message, getattr(module, f"{method}Request")())


def job_cases(ids):
    """Training jobs: read, listed, cancelled, made."""
    path, job_id = "/v1/training-jobs", ids["job_id"]
    spec = {"dataset_id": ids["dataset_id"], "labels": [{"name": "isoprenol"}]}
    proto = {"datasetId": ids["dataset_id"], "labels": [{"name": "isoprenol"}]}
    again, create = str(uuid.uuid4()), (TRAINING, "CreateTrainingJob")

    def made(name, code, changes, changes_in_proto, request_id=None):
        given = {"request_id": request_id} if request_id else {}
        return Case(
            name=name,
            code=code,
            rest=("POST", path),
            rpc=create,
            message={"spec": {**proto, **changes_in_proto}, **given},
            body={**spec, **changes},
            query=given,
            python=None if request_id else lambda client: client.train({**spec, **changes}),
            answer=TrainingJob,
        )

    additive = {"model": {"kind": "additive"}}, {"model": {"additive": {}}}
    return [
        Case(
            name="a job",
            code="OK",
            rest=("GET", f"{path}/{job_id}"),
            rpc=(TRAINING, "GetTrainingJob"),
            message={"id": job_id},
            python=lambda client: client.run(job_id).refresh(),
            answer=TrainingJob,
        ),
        Case(
            name="no job",
            code="NOT_FOUND",
            rest=("GET", f"{path}/job_none"),
            rpc=(TRAINING, "GetTrainingJob"),
            message={"id": "job_none"},
            python=lambda client: client.run("job_none"),
        ),
        Case(
            name="a cancel too late",
            code="FAILED_PRECONDITION",
            rest=("POST", f"{path}/{job_id}:cancel"),
            rpc=(TRAINING, "CancelTrainingJob"),
            message={"id": job_id},
            python=lambda client: client.run(job_id).cancel(),
        ),
        Case(
            name="a page of no size",
            code="INVALID_ARGUMENT",
            rest=("GET", path),
            rpc=(TRAINING, "ListTrainingJobs"),
            message={"pageSize": 0},
            query={"page_size": 0},
        ),
        Case(
            name="a token of nobody",
            code="INVALID_ARGUMENT",
            rest=("GET", path),
            rpc=(TRAINING, "ListTrainingJobs"),
            message={"pageToken": "nobody"},
            query={"page_token": "nobody"},
        ),
        made("a spec of no epochs", "INVALID_ARGUMENT", {"epochs": 0}, {"epochs": 0}),
        made("a data set of nobody", "NOT_FOUND", {"dataset_id": "x"}, {"datasetId": "x"}),
        made("no labels", "INVALID_ARGUMENT", {"labels": []}, {"labels": []}),
        made("an unknown label", "INVALID_ARGUMENT", *[{"labels": [{"name": "isopren"}]}] * 2),
        made("a job, asked for twice", "OK", *additive, request_id=again),
        made(
            "another job in its name",
            "ALREADY_EXISTS",
            {**additive[0], "epochs": 7},
            {**additive[1], "epochs": 7},
            request_id=again,
        ),
    ]


def score_cases(ids):
    """Scores: of designs that a model knows, and of others."""
    model_id = ids["model_id"]

    def scored(name, code, model=model_id, genotypes=(SCORED,), **options):
        given = {"genotypes": list(genotypes), **options}
        enums = {
            "fields": [f"SCORE_FIELD_{text.upper()}" for text in options.get("fields", ())],
            "include": [f"SCORE_EXTRA_{text.upper()}" for text in options.get("include", ())],
        }
        return Case(
            name=name,
            code=code,
            rest=("POST", f"/v1/models/{model}:score"),
            rpc=(INFERENCE, "Score"),
            message={"model_id": model, **given, **enums},
            body=given,
            python=lambda client: client.model(model).score(list(genotypes), **options),
            answer=ScoreAnswer,
        )

    return [
        scored("a score", "OK", genotypes=["", SCORED, f"{SCORED}+PP_0751:knockdown"]),
        scored("two columns", "OK", fields=["mean", "sd"]),
        scored("with neighbours", "OK", include=["nearest"]),
        scored("an unknown edit", "INVALID_ARGUMENT", genotypes=[SCORED, "PP_0386:knockdown"]),
        scored("no design", "INVALID_ARGUMENT", genotypes=["a:b:c", "+"]),
        scored("nothing to score", "INVALID_ARGUMENT", genotypes=[]),
        scored("a level beyond certainty", "INVALID_ARGUMENT", interval_level=1.5),
        scored("no time", "INVALID_ARGUMENT", timeout_seconds=0),
        scored("a model of nobody", "NOT_FOUND", model="model_none"),
        scored("a name of no model", "NOT_FOUND", model="no name"),
    ]


def other_cases(ids):
    """Latent algebra and data sets."""
    model_id, dataset_id = ids["model_id"], ids["dataset_id"]

    def composed(name, code, designs):
        return Case(
            name=name,
            code=code,
            rest=("POST", f"/v1/models/{model_id}:compose"),
            rpc=(INFERENCE, "Compose"),
            message={
                "model_id": model_id,
                "operation": "LATENT_OPERATION_COMPOSE",
                "designs": designs,
            },
            body={"operation": "compose", "designs": designs},
            python=lambda client: client.model(model_id).compose(*designs),
            answer=ComposeAnswer,
        )

    return [
        composed("two designs", "OK", [SCORED, "PP_0751:knockdown"]),
        composed("a design nobody knows", "INVALID_ARGUMENT", [SCORED, "PP_0386:knockdown"]),
        Case(
            name="a data set",
            code="OK",
            rest=("GET", f"/v1/datasets/{dataset_id}"),
            rpc=(DATASETS, "GetDataset"),
            message={"id": dataset_id},
            python=lambda client: client.datasets.get(dataset_id),
            answer=Dataset,
        ),
        Case(
            name="a cancel of a data set that is READY",
            code="FAILED_PRECONDITION",
            rest=("POST", f"/v1/datasets/{dataset_id}:cancel"),
            rpc=(DATASETS, "CancelDataset"),
            message={"id": dataset_id},
            python=lambda client: client.datasets.cancel(dataset_id),
        ),
        Case(
            name="a data set that is needed",
            code="FAILED_PRECONDITION",
            rest=("DELETE", f"/v1/datasets/{dataset_id}"),
            rpc=(DATASETS, "DeleteDataset"),
            message={"id": dataset_id},
            python=lambda client: client.datasets.delete(dataset_id),
        ),
    ]


def all_cases(ids):
    """Every case, in the order in which they are asked."""
    return [*job_cases(ids), *score_cases(ids), *other_cases(ids)]
