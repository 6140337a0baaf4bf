"""A running service with a small data set and an additive model of it."""

import itertools
import math
import random

import pytest

from cellgebra import Cellgebra

LOCI = [f"PP_{number:04}" for number in range(12)]
EFFECT = {locus: 0.1 * number for number, locus in enumerate(LOCI)}
SPEC = {
    "design": {"layout": "genotype", "kind": "knockdown"},
    "labels": [{"name": "titer", "kind": "titer", "scale": "log", "unit": "mg/L"}],
    "covariates": [{"name": "cycle", "role": "batch"}],
}


def table(bad_row=None):
    """Additive log titres of every single and double, some noise."""
    noise = random.Random(0)  # noqa: S311 - noise
    designs = [(), *itertools.combinations(LOCI, 1), *itertools.combinations(LOCI, 2)]
    lines = ["genotype\ttiter\tcycle"]
    for number, design in enumerate(designs):
        log = 3 + sum(EFFECT[locus] for locus in design) + noise.gauss(0, 0.01)
        titer = "high" if number == bad_row else f"{math.exp(log):.6g}"
        lines.append(f"{'+'.join(design)}\t{titer}\t{number % 5}")
    return "\n".join(lines).encode()


@pytest.fixture(scope="module")
def client(sqlite_service):
    with Cellgebra(sqlite_service.base_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def dataset(client):
    return client.datasets.upload(table(), SPEC, name="titers")


@pytest.fixture(scope="module")
def run(client, dataset):
    started = client.train(
        {
            "dataset_id": dataset.id,
            "labels": [{"name": "titer"}],
            "model": {"kind": "additive"},
            "split": {"kind": "covariate", "covariate": "cycle", "test": ["4"]},
            "ensemble_size": 2,
        }
    )
    started.wait()
    return started


@pytest.fixture(scope="module")
def model(run):
    return run.model()
