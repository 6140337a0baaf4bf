"""What a command sees by itself is said in one line, before a service is asked: here is none."""

import json

import pytest
from typer.testing import CliRunner

from service.cli.commands import app

AWAY = "http://127.0.0.1:1"
SEARCH = {"model_id": "m@1", "objectives": [{"label": "titer"}]}
TABLE = {"model_id": "m@1", "input": {"kind": "table"}}
COMBINATIONS = {"model_id": "m@1", "input": {"kind": "combinations"}}
COLUMNS = {
    "design": {"layout": "genotype"},
    "labels": [{"name": "titer", "kind": "titer", "unit": "mg/L"}],
}


@pytest.fixture
def refused(tmp_path):
    """Runs a command in an empty folder but for its specs; gives its complaint."""

    def run(*arguments, url=AWAY, **specs):
        for name, spec in specs.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(spec))
        (tmp_path / "table.tsv").write_text("genotype\n")
        places = [str(one).replace("@", f"{tmp_path}/", 1) for one in arguments]
        done = CliRunner(env={"CELLGEBRA_URL": url}).invoke(app, places)
        assert (done.exit_code, done.stdout) == (4, ""), (done.output, done.exception)
        return done.stderr

    return run


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://x:port", "x y"])
def test_an_address_that_is_none(refused, url):
    assert f"{url!r} is no address of a service" in refused("models", "list", url=url)


def test_a_table_that_is_not_there(refused):
    said = refused("datasets", "upload", "@no.tsv", "--spec", "@columns.json", columns=COLUMNS)
    assert "no.tsv: No such file or directory" in said
    assert "no.tsv: No such file" in refused("score-table", "@spec.json", "@no.tsv", spec=TABLE)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("@no/found.tsv", "lies in a folder that is not there"),
        ("@", "is a folder"),
        ("@found.xlsx", "name the file .tsv or .parquet"),
    ],
)
def test_a_file_that_could_not_be_written_at_the_end(refused, output, said):
    assert said in refused("screen", "@spec.json", "--output", output, spec=SEARCH)


def test_results_of_a_table_have_their_formats(refused):
    said = refused("score-table", "@spec.json", "@table.tsv", "--output", "@x.tsv", spec=TABLE)
    assert "name the file .parquet or .tsv.gz" in said


def test_a_table_too_few_and_one_too_many(refused):
    assert "none is given" in refused("score-table", "@spec.json", spec=TABLE)
    assert "leave it out" in refused("score-table", "@spec.json", "@table.tsv", spec=COMBINATIONS)
