"""The one command, quickly: it trains, draws and writes the page."""

import re
from xml.etree import ElementTree

import pytest

from benchmarks.studies.loss_conflict.__main__ import FIRST_SEED, main
from benchmarks.studies.loss_conflict.claims import CLAIMS


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_command_writes_the_page_and_its_figures(tmp_path, capsys):
    main(["--quick", "--out", str(tmp_path)])
    page = (tmp_path / "studies" / "loss_conflict.md").read_text()
    assert "100/100" in capsys.readouterr().out
    assert re.findall(r"[{}]|\bnan\b", page) == []
    assert f"seeds {FIRST_SEED}, {FIRST_SEED + 1}; 100 trainings" in page
    verdicts = re.findall(r"(?:Holds\.|\*\*Does not hold in this run\.\*\*)$", page, re.MULTILINE)
    assert len(verdicts) == len(CLAIMS)
    pictures = re.findall(r"\]\((\.\./images/[^)]+)\)", page)
    assert len(pictures) == 5
    for picture in pictures:
        root = ElementTree.parse(tmp_path / "studies" / picture).getroot()  # noqa: S314  # ours
        assert root.get("aria-label")
        assert "nan" not in ElementTree.tostring(root, encoding="unicode")
