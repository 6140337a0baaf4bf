"""Options of `cellgebra panel`: each changes its own field of the spec, or is refused."""

import json

import pytest

from service.contract.panels import PanelSpec
from service.contract.search import SearchSpec
from tests.service.cli.conftest import TIME

SPEC = {"model_id": "m@1", "objectives": [{"label": "titer"}]}
PARENTS = {**SPEC, "panel": {"kind": "parents", "size": 3, "budget": 7.0}}


@pytest.fixture
def searched(asked, tmp_path):
    """Runs the command on a spec; gives the panel that the search was asked for."""
    path = tmp_path / "spec.json"

    def run(spec, *options):
        path.write_text(json.dumps(spec))
        seen = []

        def answer(body):
            seen.append(SearchSpec.model_validate_json(body).panel)
            error = {"code": "NOT_FOUND", "reason": "X", "detail": "the end of this test"}
            return {
                "id": "job_1",
                "state": "FAILED",
                "spec": json.loads(body),
                "create_time": TIME,
                "fraction": 0,
                "attempt_count": 1,
                "error": error,
            }

        done = asked({"POST /v1/search-jobs": answer}, "panel", path, *options, status=3)
        assert "the end of this test" in done.stderr
        return seen[0]

    return run


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ((), {}),
        (("--size", 5), {"size": 5}),
        (("--kind", "loci"), {"kind": "loci"}),
        (("--budget", 2), {"budget": 2.0}),
        (("--budget", 0), {"budget": 0.0}),
        (("--exact",), {"strategy": "integer_programming"}),
        (("--size", 5, "--set", "panel.size=6"), {"size": 6}),
        (("--exact", "--budget", 9), {"strategy": "integer_programming", "budget": 9.0}),
    ],
)
def test_an_option_changes_its_own_field_alone(searched, options, changed):
    assert searched(PARENTS, *options) == PanelSpec(**{**PARENTS["panel"], **changed})


def test_a_spec_without_a_panel_is_given_one(searched):
    assert searched(SPEC, "--size", 4) == PanelSpec(size=4)
    none = {**SPEC, "panel": None}
    parents = searched(none, "--size", 4, "--kind", "parents")
    assert parents == PanelSpec(size=4, kind="parents")
    assert searched(SPEC, "--exact", "--set", "panel.size=2").size == 2


@pytest.mark.parametrize("options", [("--kind", "parents"), ("--budget", 3), ("--exact",)])
def test_an_option_that_has_no_panel_to_change_is_refused(asked, tmp_path, options):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    said = asked({}, "panel", path, *options, status=2).stderr
    assert options[0] in said
    assert "say --size as well" in " ".join(said.replace("\u2502", " ").split())


@pytest.mark.parametrize(
    "options",
    [("--size", 3), ("--kind", "loci"), ("--budget", 0), ("--exact",), ("--set", "panel.size=3")],
)
def test_the_panel_of_a_search_that_was_run_cannot_be_changed(asked, options):
    said = " ".join(asked({}, "panel", "job_1", *options, status=2).stderr.split())
    assert f"leave out {options[0]}" in said.replace("\u2502", " ")


def test_an_option_out_of_range_is_named(asked, tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({**PARENTS, "panel": {"size": 3, "costs": 1}}))
    said = asked({}, "panel", path, "--set", "panel.size=0", status=4).stderr
    assert "--set panel.size=0: panel.size: " in said
    assert f"{path}:1: panel.costs: " in said
