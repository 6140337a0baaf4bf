"""Alerts and dashboard ask for metrics that a scrape has, and each alert has its advice."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from service.contract.measurements import WorkerFigures
from service.contract.repositories import workers
from tests.service import rows
from tests.service.metrics.test_figures import GPU

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docker" / "monitoring"
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = [
    rule
    for group in yaml.safe_load((FOLDER / "rules" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboards" / "cellgebra.json").read_text())
PROMTOOL = shutil.which("promtool")
NAME = re.compile(r"\bcellgebra_\w+")


def asked_for():
    queries = [rule["expr"] for rule in ALERTS]
    queries += [one["expr"] for panel in DASHBOARD["panels"] for one in panel["targets"]]
    return set(NAME.findall("\n".join(queries)))


@pytest.fixture
def names(context, scrape):
    """Every name that a scrape can have."""
    rows.add_training_job(context.database)
    with context.database.write() as session:
        figures = WorkerFigures(gpus=(GPU,))
        workers.beat(session, "w", queues=[], host="h", pid=1, figures=figures)
    context.metrics.rest("GET", "/", 200, 0.1)
    context.metrics.rpc("m", "OK", 0.1)
    context.metrics.error("rest", "c", "r")
    return {name for name, *_ in scrape()}


async def test_every_query_names_metrics_that_there_are(names):
    assert len(asked_for()) > 20
    assert asked_for() <= names


async def test_the_page_explains_every_metric(names):
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
    section = PAGE.split("## Metrics")[1].split("\n## ")[0]
    explained = set(NAME.findall(section))
    assert {name for name in families if name.startswith("cellgebra_")} <= explained
    assert explained <= families


def test_the_page_says_what_to_do_at_each_alert():
    section = PAGE.split("## Alerts")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rows == [rule["alert"] for rule in ALERTS]


def test_panels_lie_side_by_side():
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "arguments", [("check", "rules", "rules/alerts.yml"), ("test", "rules", "alerts.test.yml")]
)
def test_promtool_finds_nothing_wrong(arguments):
    done = subprocess.run(
        [str(PROMTOOL), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
