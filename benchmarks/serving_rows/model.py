"""A real trained model in a running service, and the designs that it is asked about."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from service.client.cellgebra import Cellgebra
from service.contract.resources import Model

LOCI, TRAINED, EPOCHS = 512, 4000, 15


@dataclass(frozen=True)
class ServedModel:
    """A model of the service; `folder` holds its manifest and weights."""

    id: str
    reference: str
    version: int
    folder: Path

    @property
    def manifest(self) -> dict[str, object]:
        """What is stored beside the weights."""
        return json.loads((self.folder / "manifest.json").read_text())


def designs(count: int, seed: int) -> list[str]:
    """Different designs of one to three deletions of `LOCI` genes."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        loci = sorted(rng.choice(LOCI, rng.integers(1, 4), replace=False))
        found["+".join(f"g{locus:03d}:deletion" for locus in loci)] = None
    return list(found)


def write_table(path: Path, seed: int = 0) -> Path:
    """Measured fitness: effects multiply, some pairs interact, with noise."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(0, 0.1, LOCI)
    lines = ["genotype\tfitness"]
    for text in ["", *designs(TRAINED, seed)]:
        loci = [int(edit[1:4]) for edit in text.split("+") if edit]
        bonus = 0.2 * any((a + b) % 7 == 0 for a in loci for b in loci if a < b)
        value = np.exp(effect[loci].sum() + bonus + rng.normal(0, 0.03))
        lines.append(f"{text}\t{value:.5f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def train(
    base_url: str, folder: Path, *, members: int, kind: str = "perturbation_set", seed: int = 0
) -> ServedModel:
    """Train a model and keep its manifest and weights in `folder`."""
    with Cellgebra(base_url) as client:
        resource = _trained(client, folder, kind, members, seed)
    for name, sha256 in (
        ("manifest.json", resource.manifest_sha256),
        ("weights.safetensors", resource.weights_sha256),
    ):
        answer = httpx.get(f"{base_url}/v1/artifacts/{sha256}").raise_for_status()
        (folder / name).write_bytes(answer.content)
    reference = f"{resource.name}@{resource.version}"
    return ServedModel(resource.id, reference, resource.version, folder)


def _trained(client: Cellgebra, folder: Path, kind: str, members: int, seed: int) -> Model:
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {
        "design": {"layout": "genotype"},
        "labels": [{"name": "fitness", "kind": "fitness", "unit": "relative"}],
    }
    table = write_table(folder / "designs.tsv")
    dataset = client.datasets.upload(table, mapping, name="serving")
    run = client.train(
        {
            "dataset_id": dataset.id,
            "name": "serving",
            "labels": [{"name": "fitness"}],
            "model": {"kind": kind},
            "epochs": EPOCHS,
            "ensemble_size": members,
            "seed": seed,
        }
    )
    run.wait()
    return run.model().resource


def write_bodies(path: Path, texts: list[str], *, nested: bool = False) -> Path:
    """One body a design, a line each; `nested` for a peer whose first axis is its batch."""
    items = [[text] for text in texts]
    wrapped = [[item] for item in items] if nested else items
    path.write_text("".join(json.dumps({"genotypes": item}) + "\n" for item in wrapped))
    return path
