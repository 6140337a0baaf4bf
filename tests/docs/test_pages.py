"""README and docs: every link leads somewhere, and the Python in the README runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ADDRESS = "http://127.0.0.1:8000"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page):
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    targets = _LINK.findall(_CODE.sub("", page.read_text()))
    for target in (t for t in targets if "://" not in t):
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_links_are_found():
    assert sum(len(_LINK.findall(page.read_text())) for page in PAGES) > 10


@pytest.mark.slow
def test_the_python_of_the_readme_runs(sqlite_service):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGES[0].read_text(), re.MULTILINE | re.DOTALL)
    assert code.count(ADDRESS) == 1
    done = subprocess.run(
        [sys.executable, "-c", code.replace(ADDRESS, sqlite_service.base_url)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    verdict, scores = done.stdout.splitlines()
    assert verdict.endswith("Held out: cycle = 5, 6, trained on the other values.")
    assert re.fullmatch(r"\[[\d.]+, [\d.]+\] \[[\d.]+, [\d.]+\]", scores)
