"""Wide designs: read in parts, and refused before they exhaust the machine."""

from dataclasses import replace

import numpy as np
import pytest

from service.contract.candidates import AutoSpec
from service.contract.designs import parse_genotype
from service.contract.errors import FailedPreconditionError
from service.contract.genes import GenesUsed
from service.contract.latent_models import PerturbationSetSpec
from service.contract.models import AdditiveSpec, GeneKernelSpec
from service.contract.training import TrainingLabel, TrainingSpec
from tests.worker.tables import FITNESS, small_spec, write_table
from worker.data.gene_table import GeneTable, Network
from worker.data.table import read_table
from worker.models.encoding import EditIndex
from worker.training import memory
from worker.training.gene_join import JoinedGenes
from worker.training.gene_vocabulary import gene_vocabulary
from worker.training.memory import (
    READ_BYTES,
    TrainingSize,
    bytes_per_design,
    require_memory,
    require_walk_memory,
    rows_to_read,
)
from worker.training.preparation import prepare

MODEL = PerturbationSetSpec()


def spec(model=MODEL, **changes):
    return TrainingSpec(dataset_id="d", labels=(TrainingLabel(name="y"),), model=model, **changes)


def test_the_measured_step_is_foreseen():
    step = 64 * bytes_per_design(MODEL, 25, (3,))
    assert step == pytest.approx(4.5e9, rel=0.1)


@pytest.mark.parametrize("order", [0, 1, 4, 100, 3000])
def test_what_is_read_at_once_fits_or_is_one_design(order):
    rows = rows_to_read(MODEL, order, (0,))
    assert rows == 1 or rows * bytes_per_design(MODEL, order, (0,)) <= READ_BYTES


def test_usual_designs_are_trained_on():
    require_memory(spec(), TrainingSize(1_000_000, 4, (0, 2, 3)))


@pytest.mark.parametrize(
    ("model", "count", "order", "measures"),
    [(MODEL, 100, 3000, (0,)), (MODEL, 100, 60, (3,)), (AdditiveSpec(), 1000, 3000, (0,))],
)
def test_too_wide_designs_are_refused_with_what_to_do(model, count, order, measures):
    with pytest.raises(FailedPreconditionError, match=rf"{order} edits.*widest designs"):
        require_memory(spec(model), TrainingSize(count, order, measures))


def test_smaller_steps_are_a_way_out():
    with pytest.raises(FailedPreconditionError, match="batch_size"):
        require_memory(spec(batch_size=4096), TrainingSize(5000, 100, (0,)))
    require_memory(spec(batch_size=64), TrainingSize(5000, 100, (0,)))


@pytest.mark.parametrize(
    "kind", ["low_rank", "profile_knn", "profile_gp", "gene_kernel", "average"]
)
def test_models_of_pairs_are_refused_by_the_square_of_their_edits(kind):
    model = {"kind": kind} | ({"models": ["forest", "low_rank"]} if kind == "average" else {})
    own = TrainingSpec(dataset_id="d", labels=(TrainingLabel(name="y"),), model=model)
    require_memory(own, TrainingSize(100_000, 2, (0,), paired_edit_count=6_000))
    with pytest.raises(FailedPreconditionError, match=rf"{kind} holds .* 40000 edits .* additive"):
        require_memory(own, TrainingSize(100_000, 2, (0,), paired_edit_count=40_000))
    require_memory(spec(), TrainingSize(100_000, 2, (0,), paired_edit_count=40_000))


def test_edits_are_counted_where_designs_of_two_hold_them(tmp_path):
    designs = ["", "a:deletion", "b:deletion", "a:deletion+b:deletion", "a:deletion+c:deletion"]
    designs.append("d:deletion+e:deletion+f:deletion")
    path = write_table(tmp_path / "t", designs, label__fitness=np.arange(6.0))
    own = small_spec(labels=[{"name": "fitness"}], split={"kind": "none"})
    size = TrainingSize.of(prepare(own, read_table(path), [FITNESS], []))
    assert size == TrainingSize(6, 3, [0], paired_edit_count=3, edit_count=6, observation_count=6)


@pytest.mark.parametrize("model", [AdditiveSpec(), MODEL, AutoSpec()])
def test_more_edits_than_a_matrix_holds_are_refused_for_every_model(model):
    size = TrainingSize(30_000, 2, (0,), edit_count=10_000, observation_count=30_000)
    require_memory(spec(model), size)
    with pytest.raises(FailedPreconditionError, match=r"20,000 edits.*15 GiB.*few designs hold"):
        require_memory(spec(model), replace(size, edit_count=20_000))


def test_the_smaller_side_of_a_ridge_counts():
    size = TrainingSize(2_000, 2, (0,), edit_count=100_000, observation_count=2_000)
    require_memory(spec(AdditiveSpec()), size)
    with pytest.raises(FailedPreconditionError, match="100,000 edits"):
        require_memory(spec(AdditiveSpec()), replace(size, observation_count=5_000))


def line(genes, names=("g0", "g1", "g2")):
    """A gene table of many genes in one chain, of which three are in the data set."""
    loci = tuple(f"g{place}" for place in range(genes))
    edge_2M = np.stack([np.arange(genes - 1), np.arange(1, genes)])
    network = Network("chain", ("score",), edge_2M, np.ones((genes - 1, 1)))
    table = GeneTable(loci, networks={"chain": network})
    used = GenesUsed(
        gene_table_id="t",
        table_sha256="0" * 64,
        are_genes_held_out=False,
        features=[],
        features_off=[],
        evidence_off=[],
        networks=[],
    )
    return JoinedGenes(table, {name: loci.index(name) for name in names}, used)


def test_kernels_of_more_genes_than_fit_are_refused_before_they_are_computed(monkeypatch):
    index = EditIndex.of([parse_genotype(f"g{place}:deletion") for place in range(3)])
    joined = line(60)
    assert gene_vocabulary(GeneKernelSpec(), index, joined) is not None
    # 28 bytes of 60 genes times 3, and 40 of 3 times 3
    monkeypatch.setattr(memory, "MAX_BYTES", 28 * 60 * 3 + 40 * 9 - 1)
    for model in (GeneKernelSpec(), PerturbationSetSpec()):
        with pytest.raises(FailedPreconditionError, match=r"60 genes with 3 .*out of the gene"):
            gene_vocabulary(model, index, joined)
    assert gene_vocabulary(PerturbationSetSpec(network_dim=0), index, joined) is not None


def test_walks_that_would_fill_a_matrix_are_refused():
    network = line(300).table.networks["chain"]
    edge_2M = np.stack([np.zeros(29_999, dtype=np.int64), np.arange(1, 30_000)])
    star = Network("star", ("score",), edge_2M, np.ones((29_999, 1)))
    require_walk_memory({"chain": network}, 300, 3)
    require_walk_memory({"star": star}, 30_000, 1)
    with pytest.raises(FailedPreconditionError, match=r"2 edges over network star.*lower hops"):
        require_walk_memory({"chain": network, "star": star}, 30_000, 2)


def test_auto_leaves_a_kernel_out_that_does_not_fit():
    size = TrainingSize(5_000, 2, (0,), gene_count=60_000, trained_gene_count=20_000)
    with pytest.raises(FailedPreconditionError, match="kernel of 60,000 genes"):
        require_memory(spec(GeneKernelSpec()), size)
    require_memory(spec(AutoSpec()), size)
