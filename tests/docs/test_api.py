"""docs/api.md names what the service has."""

import re
import typing
from pathlib import Path

import pytest

from service.contract.candidates import ModelSpec
from service.contract.inference import ScoreField
from service.contract.jobs import EventType, JobState
from service.contract.losses import LossSpec, Weighting, loss_catalog
from service.contract.settings import Settings
from service.contract.training import TrainingSpec
from service.rest.problems import HTTP_STATUS
from service.rpc.services import DESCRIPTORS
from service.server import create_app

DOCS = Path(__file__).parents[2] / "docs"
PAGE, CONCEPTS = ((DOCS / name).read_text() for name in ("api.md", "concepts.md"))
METHODS = {"get", "post", "put", "patch", "delete", "head"}


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    """Every route, e.g. `GET /v1/models`."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("api"), broker_url="redis://127.0.0.1:1")
    paths = create_app(settings).openapi()["paths"]
    return {f"{method.upper()} {path}" for path in paths for method in METHODS & set(paths[path])}


def test_it_lists_every_route_and_no_other(operations):
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE, re.MULTILINE)) == operations


@pytest.mark.parametrize(
    "service",
    [service for service in DESCRIPTORS if service.full_name.startswith("cellgebra.")],
    ids=lambda service: service.name,
)
def test_it_names_every_rpc(service):
    assert service.full_name in PAGE
    assert [m.name for m in service.methods if not re.search(rf"\b{m.name}`", PAGE)] == []


def test_its_table_of_errors_is_the_one_that_runs():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", PAGE, re.MULTILINE)
    assert {code: int(status) for code, status in rows} == HTTP_STATUS


@pytest.mark.parametrize("names", [ScoreField, EventType, JobState])
def test_it_names_every(names):
    assert [name.value for name in names if not re.search(rf"\b{name.value}\b", PAGE)] == []


def test_it_names_every_field_of_a_training_spec():
    assert [
        name for name in TrainingSpec.model_fields if f"`{name}" not in PAGE and name != "name"
    ] == []


def test_it_names_every_model_with_its_parameters_and_the_concepts_do():
    for spec in typing.get_args(typing.get_args(ModelSpec)[0]):
        names = [spec.model_fields["kind"].default, *(set(spec.model_fields) - {"kind"})]
        assert [name for name in names if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE] == []
        assert f"`{names[0]}`" in CONCEPTS


@pytest.mark.parametrize("page", [PAGE, CONCEPTS], ids=["api", "concepts"])
def test_it_names_every_term_and_how_they_share(page):
    terms = [loss.name for loss in loss_catalog().losses if loss.is_term]
    ways = ["weighting", "latent_split", *(way.value for way in Weighting)]
    assert [name for name in [*terms, *ways] if not re.search(rf"\b{name}\b`", page)] == []


def test_its_default_loss_is_the_one_that_runs():
    terms = ", ".join(f"{term.name} {term.weight:g}" for term in LossSpec().terms)
    assert f"| `loss.terms[]` | {terms} |" in PAGE
