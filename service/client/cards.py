"""Cards of a job and of a model, for a notebook."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.client.pictures import bars, loss_curves, table_of, titled
from service.contract.resources import Model, ScoringJob, SearchJob, TrainingJob

_SHOWN_PREDICTORS = 6


def job_card(job: TrainingJob | SearchJob | ScoringJob, epochs: Sequence[Mapping[str, Any]]) -> str:
    """State of a job, and the loss terms of the epochs that its handle has seen."""
    rows = [
        ("state", job.state.value),
        ("done", f"{job.fraction:.0%}"),
        ("error", job.error.detail if job.error else None),
        ("model", getattr(job, "model_id", None)),
    ]
    kind = type(job).__name__.removesuffix("Job").lower()
    told = table_of((name, value) for name, value in rows if value is not None)
    return titled(f"{kind} {job.spec.name} ({job.id})", told, loss_curves(epochs))


def model_card(model: Model) -> str:
    """What a model is, what its report says first, and the predictors that it has to beat."""
    rows = [
        ("id", model.id),
        ("kind", model.kind),
        ("data set", model.dataset_id),
        ("aliases", ", ".join(model.aliases) or None),
    ]
    told = table_of((name, value) for name, value in rows if value is not None)
    labels = [_label(label) for label in model.report.get("labels", ())]
    return titled(f"model {model.name}@{model.version}", told, *labels)


def _label(label: Mapping[str, Any]) -> str:
    """One label: headline, verdict, and rank correlations of the held-out part as bars."""
    ours = [row for row in label["table"] if row["role"] == "model"]
    nulls = [row for row in label["table"] if row["role"] != "model"]
    nulls.sort(key=lambda row: -(row["spearman"] if row["spearman"] is not None else -2.0))
    rows = [(str(row["predictor"]), row["spearman"]) for row in (ours + nulls)[:_SHOWN_PREDICTORS]]
    words = table_of([(label["headline"]["statement"],), (label["verdict"],)])
    picture = bars(rows, "rank correlation on the held-out part, beside null models")
    return titled(f"{label['name']}: Spearman, held out", words, picture)
