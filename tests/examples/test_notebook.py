"""The notebook runs from its first cell to its last on a service; it is kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "tutorial.ipynb"


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_kept_without_outputs(notebook):
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}
    assert NOTEBOOK.read_bytes().isascii()


def shown(cell, kind):
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_it_runs_from_first_to_last(notebook, sqlite_service, monkeypatch):
    monkeypatch.setenv("CELLGEBRA_URL", sqlite_service.base_url)
    client = NotebookClient(
        notebook,
        timeout=200,
        resources={"metadata": {"path": str(EXAMPLES)}},
        kernel_name="python3",
    )
    await client.async_execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    ready, profile, run, model, answer, best, proposals, _ = code
    assert shown(ready, "text/plain") == ["True"]
    assert shown(profile, "text/plain")[0].startswith("(472, ")
    for cell, words in ((run, "SUCCEEDED"), (model, "held out"), (answer, "mean and")):
        (html,) = shown(cell, "text/html")
        assert "<svg" in html
        assert words in html
    assert "isoprenol.mean" in shown(best, "text/plain")[0]
    assert "new combination" in shown(proposals, "text/plain")[0]
