"""What a report says of a model in a few figures."""

from collections.abc import Mapping
from typing import Any

from service.contract.registry import LabelFigures

_FIGURES = ("spearman", "pearson", "rmse", "mae", "r2")


def figures_of(report: Mapping[str, Any]) -> list[LabelFigures]:
    """Figures of each label, from the summary of a report: y_intact, and the null that did best."""
    return [_label(label) for label in report.get("labels", ())]


def _label(label: Mapping[str, Any]) -> LabelFigures:
    rows = {row["predictor"]: row for row in label["table"]}
    model = next(row for row in label["table"] if row["role"] == "model")
    null = rows.get(label.get("best_null"), {})
    return LabelFigures(
        name=label["name"],
        unit=label["unit"],
        test_design_count=label["test_design_count"],
        best_null=label.get("best_null"),
        best_null_spearman=null.get("spearman"),
        best_null_rmse=null.get("rmse"),
        **{name: model.get(name) for name in _FIGURES},
    )
