"""Scoring with an ensemble, from genotypes to the JSON of an answer, beside its bare members."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load

from benchmarks.throughput_rows.data import (
    LABEL,
    MEMBERS,
    genotypes,
    made_genes,
    spec_of,
    write_table,
)
from benchmarks.throughput_rows.timing import in_turn
from service.contract.inference import ScoreField
from service.contract.latent_models import LATENT_KINDS
from worker.inference.ensembles import load_ensemble, network_of
from worker.inference.predictor import Predictor
from worker.inference.score_columns import answer_json
from worker.models.encoding import DesignBatch
from worker.training.manifest import TableIdentity
from worker.training.run import TrainedModel, train_model

_IDENTITY = TableIdentity("bench", "0" * 64, "0" * 64)


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


def score_row(kind: str, trained_count: int, scored_count: int, rounds: int) -> str:
    """Scored designs per second of an ensemble, and what parsing, encoding and answering take."""
    begin = time.process_time()
    trained = _trained(kind, trained_count)
    fitted = time.process_time() - begin
    predictor = Predictor.load(trained.weights, trained.manifest)
    texts = genotypes(scored_count, 2)
    _, designs = predictor.vocabulary.read(texts)
    bare_read = bare_loop(trained, predictor.vocabulary.parts(designs).batches)
    mean, bare, ratio = in_turn(
        lambda: json_of(predictor, texts, [ScoreField.MEAN]), bare_read, rounds
    )
    whole, _, _ = in_turn(lambda: json_of(predictor, texts, None), lambda: None, rounds)
    rates = " | ".join(f"{len(texts) / taken:,.0f}" for taken in (whole, mean, bare))
    micro = 1e6 / len(texts)
    return (
        f"| {kind} | {trained_count:,}, {scored_count:,} | {fitted:.1f} | {rates} | "
        f"{ratio - 1:+.0%} | {(mean - bare) * micro:+.2f} | {(whole - mean) * micro:+.2f} |"
    )


def _trained(kind: str, count: int) -> TrainedModel:
    with tempfile.TemporaryDirectory() as folder:
        return train_model(
            spec_of(kind, epochs=1),
            write_table(Path(folder) / "table.parquet", count),
            [LABEL],
            identity=_IDENTITY,
            genes=made_genes(kind),
            with_report=False,
        )
