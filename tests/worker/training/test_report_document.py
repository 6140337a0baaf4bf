"""The typed report: JSON and back, the summary, and its columns of single designs."""

import json

import pytest
from pydantic import ValidationError

from service.contract.reports import TrainingReport
from tests.worker.tables import small_spec


@pytest.fixture
def trained(train):
    return train(small_spec(model={"kind": "additive"}))


def test_a_report_is_json_and_back(trained):
    text = trained.report.model_dump_json()
    assert TrainingReport.model_validate_json(text) == trained.report
    assert json.loads(text)["labels"][0]["test"]["genotype"]
    with pytest.raises(ValidationError, match="extra"):
        TrainingReport.model_validate({**json.loads(text), "unheard_of": 1})


def test_what_a_job_shows_is_the_report_without_single_designs(trained):
    shown = trained.manifest.report
    assert shown["labels"][0].pop("test") is None
    whole = trained.report.model_dump(mode="json")
    del whole["labels"][0]["test"]
    del whole["diagnostics"]
    assert shown == whole


def test_columns_hold_one_value_a_test_design(trained):
    label = trained.report.labels[0]
    columns = label.test.model_dump(exclude={"draw", "level"})
    filled = {name: values for name, values in columns.items() if values}
    assert {len(values) for values in filled.values()} == {label.test_design_count}
    assert {"measured", "prediction", "expected_neutral", "order", "best_null"} <= set(filled)
