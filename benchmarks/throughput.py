"""Designs per second of every model, beside a bare PyTorch loop over the same network.

    python benchmarks/throughput.py [--quick] [--out benchmarks/results]

Training: an epoch of ours (the order of the rows, the schedule, pauses, sums of terms) beside
forward, the same loss, backward, clipping and AdamW on the same batches. Scoring: what an inference
worker does from genotypes to the JSON of an answer, beside the bare members on tensors that are
ready. Ours and the bare one take turns; ratios are medians of the ratios within a round. Models
that read genes are given a table of made-up features and a network.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from machine import hardware
from safetensors.torch import load
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from service.contract.candidates import CandidateKind
from service.contract.datasets import LabelColumn  # the repository need not be installed
from service.contract.designs import parse_genotype
from service.contract.genes import GenesUsed
from service.contract.inference import ScoreField
from service.contract.latent_models import LATENT_KINDS
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.gene_table import GeneTable, Network
from worker.data.table import read_table
from worker.inference.ensembles import load_ensemble, network_of
from worker.inference.predictor import Predictor
from worker.inference.score_columns import answer_json
from worker.losses.mse import mse
from worker.models.encoding import DesignBatch
from worker.training.ensemble import fit_task
from worker.training.fit_task import FitTask, new_network
from worker.training.manifest import TableIdentity
from worker.training.members import MemberFit
from worker.training.preparation import prepare
from worker.training.run import TrainedModel, train_model

LOCI, MEMBERS = 200, 5
GENES = "made"
ROWS, QUICK_ROWS = 8192, 1024
SCORED = 10_000
FEATURES, EDGES = 16, 800
KINDS: tuple[CandidateKind, ...] = get_args(CandidateKind)
BATCH_SIZES = (64, 1024)
NEEDS_GENES = frozenset({"feature_ridge", "gene_kernel", "gene_graph"})
LABEL = LabelColumn(name="y", kind="fitness", unit="relative")
IDENTITY = TableIdentity("bench", "0" * 64, "0" * 64)


def genotypes(count: int, seed: int) -> list[str]:
    """Different designs of one to three deletions."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        loci = rng.choice(LOCI, rng.integers(1, 4), replace=False)
        text = "+".join(f"g{locus:03d}:deletion" for locus in loci)
        found[parse_genotype(text).genotype] = None
    return list(found)


def made_genes(kind: str) -> ChosenGenes | None:
    """Features of all loci and a network of them, for a model that needs them."""
    if kind not in NEEDS_GENES:
        return None
    rng = np.random.default_rng(3)
    edge_2M = np.array([rng.choice(LOCI, 2, replace=False) for _ in range(EDGES)]).T
    table = GeneTable(
        loci=tuple(f"g{locus:03d}" for locus in range(LOCI)),
        feature_names=tuple(f"feature {i}" for i in range(FEATURES)),
        feature_GF=rng.normal(size=(LOCI, FEATURES)),
        networks={"made": Network("made", ("made",), edge_2M, np.ones((EDGES, 1)))},
    )
    used = GenesUsed(
        gene_table_id=GENES,
        table_sha256="0" * 64,
        are_genes_held_out=False,
        features=list(table.feature_names),
        features_off=[],
        evidence_off=[],
        networks=[],
    )
    return ChosenGenes(table, used)


def write_table(path: Path, rows: int) -> Path:
    """A canonical table of additive effects, one interaction and noise."""
    texts = genotypes(rows, 0)
    rng = np.random.default_rng(1)
    effect = rng.normal(0, 0.1, LOCI)
    value = [
        np.exp(sum(effect[int(edit[1:4])] for edit in text.split("+")) + rng.normal(0, 0.05))
        for text in texts
    ]
    columns = {
        "row": np.arange(1, rows + 1),
        "genotype": pa.array(texts, pa.string()),
        "background": pa.array([""] * rows, pa.string()),
        "group": pa.array(texts, pa.string()),
        "build": pa.nulls(rows, pa.string()),
        "replicate": pa.nulls(rows, pa.string()),
        "is_control": pa.array([False] * rows, pa.bool_()),
        "label.y": np.array(value),
    }
    pq.write_table(pa.table(columns), path)
    return path


def spec_of(kind: str, **changes: object) -> TrainingSpec:
    """A training of the defaults, but for the loss, which a bare loop can have as well."""
    given = {
        "dataset_id": "bench",
        "labels": [{"name": "y"}],
        "split": {"kind": "none"},
        "model": {"kind": kind},
        "loss": {"terms": [{"name": "mse"}]},
        "ensemble_size": MEMBERS,
        "device": "cpu",
        "genes": {"gene_table_id": GENES} if kind in NEEDS_GENES else None,
    }
    return TrainingSpec.model_validate(given | changes)


def seconds(work: Callable[[], object]) -> float:
    """Of a core: all runs on one thread, and a wall clock would time what else runs here."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(
    ours: Callable[[], object], bare: Callable[[], object], rounds: int
) -> tuple[float, float, float]:
    """Median seconds of both, and the median of their ratios."""
    ours(), bare()  # allocated, compiled
    pairs = [(seconds(ours), seconds(bare)) for _ in range(rounds)]
    return (
        median(a for a, _ in pairs),
        median(b for _, b in pairs),
        median(a / b for a, b in pairs),
    )


def our_epoch(task: FitTask) -> Callable[[], object]:
    """An epoch as a job runs it, asked twice a second whether to stop."""
    fit = MemberFit(task, 0)

    def epoch() -> None:
        fit.progress.step = 0
        fit.run_epoch(lambda: False)

    return epoch


def bare_epoch(task: FitTask) -> Callable[[], object]:
    """Forward, loss, backward, clipping and a step, and nothing else, on the same batches."""
    net = new_network(task, 0)
    rows = torch.nonzero(task.trained_MN[0]).flatten()
    count = -(-len(rows) // task.spec.batch_size)
    batches = torch.tensor_split(rows[torch.randperm(len(rows))], count)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    dropout = torch.Generator().manual_seed(0)

    def epoch() -> None:
        for batch in batches:
            step(batch)

    def step(batch: Tensor) -> None:
        read = net(task.designs.rows(task.design_N[batch]), dropout)
        label_BY = task.label_NY[batch]
        readings = (read.compose_BY, read.intact_BY)
        loss = 0.5 * sum(mse(reading, label_BY) for reading in readings)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return epoch


def train_row(path: Path, kind: str, batch_size: int, rounds: int) -> str:
    """Training designs per second of one member."""
    spec = spec_of(kind, batch_size=batch_size)
    data = prepare(spec, read_table(path), [LABEL], (), made_genes(kind))
    task = fit_task(data, spec, spec.model, torch.device("cpu"))
    trained = int(task.trained_MN[0].sum())
    ours, bare, ratio = in_turn(our_epoch(task), bare_epoch(task), rounds)
    return (
        f"| {kind}, batches of {batch_size} | {trained / ours:,.0f} | "
        f"{trained / bare:,.0f} | {ratio - 1:+.1%} |"
    )


def bare_loop(trained: TrainedModel, batches: Sequence[DesignBatch]) -> Callable[[], object]:
    """Every member on every batch, and nothing else; networks as PyTorch runs them."""
    tensors = load(trained.weights)
    if trained.manifest.model_kind not in LATENT_KINDS:
        members = load_ensemble(tensors, trained.manifest)
        return lambda: [members.read(batch) for batch in batches]
    networks = [
        network_of(tensors, trained.manifest, member).double().eval() for member in range(MEMBERS)
    ]

    @torch.inference_mode()
    def read() -> object:
        return [[net(batch) for net in networks] for batch in batches]

    return read


def json_of(
    predictor: Predictor, texts: Sequence[str], fields: Sequence[ScoreField] | None
) -> bytes:
    """What an inference worker does for a request, from genotypes to the text of an answer."""
    canonical, designs = predictor.vocabulary.read(texts)
    return answer_json(predictor.columns(designs, fields), canonical)


def score_row(path: Path, kind: str, rounds: int) -> str:
    """Scored designs per second of an ensemble, and what parsing, encoding and answering take."""
    spec = spec_of(kind, epochs=1)
    begin = time.process_time()
    trained = train_model(
        spec, path, [LABEL], identity=IDENTITY, genes=made_genes(kind), with_report=False
    )
    fitted = time.process_time() - begin
    predictor = Predictor.load(trained.weights, trained.manifest)
    texts = genotypes(SCORED, 2)
    _, designs = predictor.vocabulary.read(texts)
    bare_read = bare_loop(trained, predictor.vocabulary.parts(designs).batches)
    mean, bare, ratio = in_turn(
        lambda: json_of(predictor, texts, [ScoreField.MEAN]), bare_read, rounds
    )
    whole, _, _ = in_turn(lambda: json_of(predictor, texts, None), lambda: None, rounds)
    rates = " | ".join(f"{len(texts) / taken:,.0f}" for taken in (whole, mean, bare))
    micro = 1e6 / len(texts)
    return (
        f"| {kind} | {fitted:.1f} | {rates} | {ratio - 1:+.0%} | {(mean - bare) * micro:+.2f} | "
        f"{(whole - mean) * micro:+.2f} |"
    )


def lines_of(rows: int, rounds: int, kinds: Sequence[str]) -> Iterator[str]:
    """The table, line by line as it is measured."""
    yield from (
        "# Designs per second",
        "",
        hardware(),
        f"{rows:,} designs of one to three of {LOCI} deletions, one label; defaults, but for the "
        f"loss: mse alone. Seconds of one core; medians of {rounds} rounds in which both take "
        "turns.",
        "",
        "Training one member, beside a bare PyTorch loop over the same network, loss and batches:",
        "",
        "| model | designs/s | bare loop, designs/s | overhead |",
        "|:--|--:|--:|--:|",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder) / "table.parquet", rows)
        for kind in ("perturbation_set", "gene_graph"):
            yield from (train_row(path, kind, size, rounds) for size in BATCH_SIZES)
        yield from (
            "",
            f"Fitting {MEMBERS} members with their calibration (networks: one epoch) and scoring "
            f"{SCORED:,} designs with all of them, from genotypes to the JSON of an answer: with "
            "every column (mean, spread, intervals, neutral expectation, support and so on), and "
            "with the mean alone. Beside it the bare members on tensors that are ready; of a "
            "network that is a PyTorch loop over the same batches.",
            "",
            "| model | fit, s | every column, designs/s | mean alone, designs/s | bare members, "
            "designs/s | mean over bare | mean - bare, us a design | every column - mean, us |",
            "|:--|--:|--:|--:|--:|--:|--:|--:|",
        )
        yield from (score_row(path, kind, rounds) for kind in kinds)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} designs")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a folder for the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = []
    for line in lines_of(QUICK_ROWS if options.quick else ROWS, options.rounds, KINDS):
        print(line, flush=True)
        lines.append(line)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "throughput.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
