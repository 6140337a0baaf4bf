"""The training spec: data set, labels, split, model, loss, optimiser, ensemble, genes, means."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.contract.candidates import AutoSpec, ModelSpec
from service.contract.genes import GenesUse
from service.contract.latent_models import LatentModelSpec
from service.contract.losses import CNodeTerm, LossSpec
from service.contract.priorities import JobPriority
from service.contract.splits import CovariateSplit, NoSplit, RandomSplit, Split

__all__ = [
    "CovariateSplit",
    "NoSplit",
    "OptimizerSpec",
    "Precision",
    "RandomSplit",
    "ReportSpec",
    "Resources",
    "Split",
    "TrainingLabel",
    "TrainingSpec",
    "Transform",
    "UpperBound",
]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Transform(StrEnum):
    """How a label is put on the scale on which the model is additive."""

    IDENTITY = "identity"
    LOG = "log"


class TrainingLabel(_Spec):
    """One label to learn. `transform` None takes the log of labels whose scale is log.

    The log of a label needs values above 0; values below the label's detection limit count as
    the limit (censored), and the report says how many.
    """

    name: str
    transform: Transform | None = None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class UpperBound(StrEnum):
    """What no prediction may exceed.

    `min_lower_orders`: the least label that training measured of the design's proper subsets of
    three edits at most, the reference included. For labels that no further edit raises (growth
    after deletions); interaction labels are left as they are.
    """

    NONE = "none"
    MIN_LOWER_ORDERS = "min_lower_orders"


class OptimizerSpec(_Spec):
    """AdamW with a cosine schedule after a linear warm-up of 5 % of the steps."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 1e-2
    gradient_clip_norm: Annotated[float, Field(gt=0)] = 1.0


class ReportSpec(_Spec):
    """How the report is drawn. No figure of it depends on this.

    `latent_map`: the principal components of the intact states, or UMAP of them, which keeps who
    is near whom and no distances, and takes up to a minute more: it is compiled in each job.
    """

    latent_map: Literal["pca", "umap"] = "pca"


class Precision(StrEnum):
    """In what a network's layers are computed; weights, losses and reports stay float32.

    `bf16`: matrix products of training steps in bfloat16 (autocast).
    """

    FLOAT32 = "float32"
    BF16 = "bf16"


class Resources(_Spec):
    """What a training runs on, all of it on one machine.

    `gpus` None takes one GPU where the worker has one, 0 none. With two or more there is a process
    for each. `processes` are those on the CPU. Processes share every batch: how many there are
    changes nothing but the order of sums.
    """

    gpus: Annotated[int | None, Field(ge=0, le=64)] = None
    processes: Annotated[int, Field(ge=1, le=64)] = 1

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.gpus and self.processes > 1:
            raise ValueError("resources: each GPU has a process of its own: leave processes out")
        return self


class TrainingSpec(_Spec):
    """What to train. Two jobs with one spec and one seed give identical models on CPU.

    An attempt that takes longer than `time_limit_seconds` fails the job.
    """

    dataset_id: str
    name: Annotated[str, Field(min_length=1, max_length=200)] = "model"
    labels: Annotated[tuple[TrainingLabel, ...], Field(min_length=1)]
    split: Split = RandomSplit()
    model: ModelSpec = AutoSpec()
    loss: LossSpec = LossSpec()
    optimizer: OptimizerSpec = OptimizerSpec()
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 200
    patience_epochs: Annotated[int, Field(ge=1, le=100_000)] = 30
    batch_size: Annotated[int, Field(ge=2, le=1_000_000)] = 64
    ensemble_size: Annotated[int, Field(ge=1, le=100)] = 5
    upper_bound: UpperBound = UpperBound.NONE
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    genes: GenesUse | None = None
    report: ReportSpec = ReportSpec()
    priority: JobPriority = JobPriority.NORMAL
    resources: Resources = Resources()
    precision: Precision = Precision.FLOAT32
    compile: bool = False
    time_limit_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @property
    def gpu_count(self) -> int:
        """GPUs that a worker has to have."""
        return max(self.resources.gpus or 0, int(self.device == "cuda"))

    @property
    def process_count(self) -> int:
        """Processes that share the batches."""
        return max(self.resources.gpus or 1, self.resources.processes)

    @property
    def wanted_device(self) -> Literal["auto", "cpu", "cuda"]:
        """Where to train, by the resources too."""
        if self.resources.gpus:
            return "cuda"
        is_on_cpu = self.resources.gpus == 0 or self.resources.processes > 1
        return "cpu" if is_on_cpu else self.device

    @model_validator(mode="after")
    def _one_device(self) -> Self:
        gpus, processes = self.resources.gpus, self.resources.processes
        if self.device == "cpu" and gpus:
            raise ValueError(f"device cpu has no GPU, and resources ask for {gpus}")
        if self.device == "cuda" and (gpus == 0 or processes > 1):
            raise ValueError("device cuda needs a GPU, and resources ask for the CPU")
        return self

    @model_validator(mode="after")
    def _networks_alone(self) -> Self:
        if isinstance(self.model, LatentModelSpec):
            return self
        asked = {
            f"{self.process_count} processes": self.process_count > 1,
            "precision bf16": self.precision is not Precision.FLOAT32,
            "compile": self.compile,
        }
        wrong = ", ".join(name for name, is_asked in asked.items() if is_asked)
        if wrong:
            raise ValueError(
                f"{wrong}: for networks alone, and model is {self.model.kind}: name "
                "perturbation_set, set_transformer or gene_graph"
            )
        return self

    @model_validator(mode="after")
    def _labels_once(self) -> Self:
        names = [label.name for label in self.labels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"label {', '.join(twice)} is given more than once")
        return self

    @model_validator(mode="after")
    def _paths_through_the_head(self) -> Self:
        reads_paths = any(isinstance(t, CNodeTerm) and t.weight > 0 for t in self.loss.terms)
        model = self.model
        if reads_paths and isinstance(model, LatentModelSpec) and model.head == "quadratic":
            raise ValueError(
                "loss: c_node needs a head with weights from a dimension to a label, and a "
                "quadratic one has none: name the head linear or mlp, or l1 or group_lasso"
            )
        return self
