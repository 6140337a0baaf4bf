"""pydantic's complaints in our words, with paths that exist in the request."""

import json

import pytest

from service.contract.datasets import DatasetSpec
from service.contract.errors import InvalidRequestError
from service.contract.inference import ScoreRequest
from service.contract.training import TrainingSpec
from service.handlers.invalid import LISTED_ERRORS, parse_json

MINIMAL = {"dataset_id": "d", "labels": [{"name": "y"}]}


def offenders(model, document, field=""):
    with pytest.raises(InvalidRequestError) as caught:
        parse_json(model, json.dumps(document), field=field)
    return caught.value.offenders


def test_an_unknown_loss_term_is_named_with_those_that_exist():
    (offender,) = offenders(TrainingSpec, {**MINIMAL, "loss": {"terms": [{"name": "supcor"}]}})
    assert offender.field == "loss.terms[0]"
    assert offender.message.startswith("unknown name 'supcor'; known: mse, dist, supcr, ")
    assert offender.suggestions[0] == "supcr"


def test_a_path_holds_no_tags_of_unions():
    terms = [{"name": "mse"}, {"name": "dist", "weight": -1}]
    (offender,) = offenders(TrainingSpec, {**MINIMAL, "loss": {"terms": terms}})
    assert (offender.field, offender.value) == ("loss.terms[1].weight", "-1")


def test_a_missing_field_inside_a_union_has_its_path():
    (offender,) = offenders(
        TrainingSpec, {**MINIMAL, "split": {"kind": "covariate", "test": ["5"]}}
    )
    assert (offender.field, offender.message) == ("split.covariate", "the field is required")


def test_every_offence_is_told():
    document = {"labels": [], "epochs": 0, "colour": "red"}
    found = {offender.field for offender in offenders(TrainingSpec, document)}
    assert found == {"dataset_id", "labels", "epochs", "colour"}


def test_the_field_of_the_document_comes_first():
    (offender,) = offenders(DatasetSpec, {"design": {"layout": "genotype"}}, field="spec")
    assert offender.field == "spec"
    assert offender.message == "give design and at least one label, or a preset"


def test_what_is_not_json_is_told():
    with pytest.raises(InvalidRequestError, match="spec: invalid JSON"):
        parse_json(DatasetSpec, "{", field="spec")
    with pytest.raises(InvalidRequestError, match="spec: invalid JSON: recursion limit"):
        parse_json(DatasetSpec, "[" * 9000 + "]" * 9000, field="spec")


def test_the_list_is_bounded():
    found = offenders(ScoreRequest, {"genotypes": [1] * 5000})
    assert len(found) == LISTED_ERRORS
