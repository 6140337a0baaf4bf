"""Models beside each other: figures where they are of one test part, and how rankings agree."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from service.contract.comparisons import (
    Agreement,
    ComparedModel,
    ComparedOn,
    CompareRequest,
    Comparison,
)
from service.contract.errors import InvalidArgumentError
from service.contract.inference import ScoreField, ScoreRequest
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.records import ModelRecord
from service.contract.registry import LabelFigures
from service.contract.repositories.aliases import find_model
from service.handlers import scoring
from service.handlers.context import Caller, Context
from service.handlers.figures import figures_of
from service.handlers.ranking import ranks, spearman, top

_FEWEST = 3  # designs whose ranking says anything

# Predictions by label, then by genotype.
_Predictions = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class _Compared:
    """A model, and what its files say."""

    row: ModelRecord
    manifest: ModelManifest
    figures: list[LabelFigures]


async def compare(context: Context, caller: Caller, request: CompareRequest) -> Comparison:
    """Put models beside each other.

    Raises:
        InvalidArgumentError: a model is called by no id, `name@version` or `name@alias`, or two
            of them are one.
        NotFoundError: this project has no such model, or alias.
        FailedPreconditionError: a model is stored in another format.
        CellgebraError: genotypes were given, and a model could not score them; as of `score`.
    """
    compared = await context.threads.run(_read, context, caller, request.model_ids)
    reasons = _differences(compared)
    is_same_test = not reasons
    predictions: list[_Predictions] = []
    on: ComparedOn | None = None
    if request.genotypes is not None:
        on = ComparedOn.GENOTYPES
        predictions = [await _scores(context, caller, one.row.id, request) for one in compared]
    elif is_same_test:
        on = ComparedOn.TEST_PART
        predictions = await context.threads.run(_stored, context, compared)
    agreements, missing = await context.threads.run(_agreements, compared, predictions, request)
    if not predictions:
        missing = ["their rankings were not compared: send `genotypes` that all can score"]
    return Comparison(
        models=[_shown(one, is_same_test) for one in compared],
        is_same_test=is_same_test,
        compared_on=on if agreements else None,
        agreements=agreements,
        reasons=[*reasons, *missing],
    )


def _read(context: Context, caller: Caller, references: Sequence[str]) -> list[_Compared]:
    with context.database.read() as session:
        rows = [find_model(session, caller.project_id, one) for one in references]
    if len({row.id for row in rows}) < len(rows):
        raise InvalidArgumentError("model_ids: two of them are the same model")
    return [
        _Compared(
            row,
            read_manifest(context.store.read_checked(row.manifest_sha256)),
            figures_of(row.report),
        )
        for row in rows
    ]


def _differences(compared: Sequence[_Compared]) -> list[str]:
    """Why the figures of the models are not of one test part; none if they are."""
    first = compared[0]
    found = []
    if first.manifest.training_spec.get("split", {}).get("kind") == "none":
        found.append(f"{_called(first)} held nothing out: train it with a split")
    for other in compared[1:]:
        pair = f"{_called(first)} and {_called(other)}"
        if other.manifest.table_sha256 != first.manifest.table_sha256:
            found.append(
                f"{pair} were trained on different data ({first.row.dataset_id}, "
                f"{other.row.dataset_id}): train both on one data set"
            )
        elif other.manifest.training_spec.get("split") != first.manifest.training_spec.get("split"):
            found.append(f"{pair} were tested on different parts: train both with one `split`")
        else:
            found += [f"{pair}: {text}" for text in _other_tests(first.figures, other.figures)]
    return found


def _other_tests(first: Sequence[LabelFigures], other: Sequence[LabelFigures]) -> list[str]:
    counts = {label.name: label.test_design_count for label in first}
    common = [label for label in other if label.name in counts]
    if not common:
        return ["they have no label in common"]
    return [
        f"{label.name} was tested on {counts[label.name]} and {label.test_design_count} designs, "
        "as one of them can encode edits that the other cannot: send `genotypes` that both can"
        for label in common
        if label.test_design_count != counts[label.name]
    ]


def _called(one: _Compared) -> str:
    return f"{one.row.name}@{one.row.version}"


async def _scores(
    context: Context, caller: Caller, model_id: str, request: CompareRequest
) -> _Predictions:
    asked = ScoreRequest(
        genotypes=request.genotypes or [],
        fields=[ScoreField.MEAN],
        timeout_seconds=request.timeout_seconds,
    )
    answer = await scoring.score(context, caller, model_id, asked)
    return {
        label.name: dict(zip(request.genotypes or [], label.mean or [], strict=True))
        for label in answer.labels
    }


def _stored(context: Context, compared: Sequence[_Compared]) -> list[_Predictions]:
    """What each model has predicted of its test part, as far as its report holds it."""
    found: list[_Predictions] = []
    for one in compared:
        sha256 = one.row.report_sha256
        report = json.loads(context.store.read_checked(sha256)) if sha256 else {}
        found.append({label["name"]: _column(label) for label in report.get("labels", ())})
    return found


def _column(label: Mapping[str, Any]) -> dict[str, float]:
    test = label.get("test") or {}
    return dict(zip(test.get("genotype", ()), test.get("prediction", ()), strict=True))


def _agreements(
    compared: Sequence[_Compared], predictions: Sequence[_Predictions], request: CompareRequest
) -> tuple[list[Agreement], list[str]]:
    """Agreement of every two models by every label that all have; and labels that have none."""
    if not predictions:
        return [], []
    found: list[Agreement] = []
    missing: list[str] = []
    for label in predictions[0]:
        columns = [by_label[label] for by_label in predictions if label in by_label]
        if len(columns) < len(predictions):
            missing.append(f"{label}: not all of them predict it")
            continue
        common = sorted(set.intersection(*(set(column) for column in columns)))
        if len(common) < _FEWEST:
            missing.append(
                f"{label}: their reports have {len(common)} designs in common: send `genotypes`"
            )
            continue
        values = [[column[genotype] for genotype in common] for column in columns]
        found += _pairs(label, [one.row.id for one in compared], values, request)
    return found, missing


def _pairs(
    label: str, ids: Sequence[str], values: Sequence[Sequence[float]], request: CompareRequest
) -> list[Agreement]:
    design_count = len(values[0])
    count = min(request.top_count, design_count)
    ranked = [ranks(column) for column in values]
    tops = [top(column, count, request.top_of) for column in values]
    return [
        Agreement(
            label=label,
            model_ids=(ids[a], ids[b]),
            design_count=design_count,
            spearman=spearman(ranked[a], ranked[b]),
            top_count=count,
            top_overlap_count=len(tops[a] & tops[b]),
            chance_overlap_count=count * count / design_count,
        )
        for a, b in combinations(range(len(ids)), 2)
    ]


def _shown(one: _Compared, is_same_test: bool) -> ComparedModel:
    return ComparedModel(
        model_id=one.row.id,
        name=one.row.name,
        version=one.row.version,
        kind=one.row.kind,
        dataset_id=one.row.dataset_id,
        figures=one.figures if is_same_test else [],
    )
