"""A front end in this process that answers scrapes, and what a scrape says."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def database_kind():
    """The SQL is covered on both kinds where it is."""
    return "sqlite"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"metrics_port": 0})


@pytest.fixture
def scrape(context):
    """Every sample by name and labels, read over HTTP and parsed."""

    def read():
        url = f"http://127.0.0.1:{context.scrapes.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read
