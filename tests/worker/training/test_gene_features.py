"""Genes without data: what a model with features says of them, from table to score."""

import math
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load

from service.contract.algebra import ComposeRequest
from service.contract.datasets import LabelColumn
from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError, UnknownEditsError
from service.contract.latent_models import PerturbationSetSpec
from service.contract.splits import GeneSplit
from tests.worker.inference.permuted import packed
from tests.worker.tables import IDENTITY, small_spec, training_options, write_table
from tests.worker.training.genes import LOCI, chosen, gene_table, pair_designs, weights
from worker.data.gene_table import GeneTable
from worker.data.table import read_table
from worker.inference.composition import compose_designs
from worker.inference.predictor import Predictor
from worker.models.encoding import EditIndex
from worker.training.errors import TrainingStoppedError
from worker.training.gene_join import join_genes
from worker.training.gene_vocabulary import gene_vocabulary
from worker.training.member_parts import member_parts
from worker.training.preparation import as_read_by, prepare
from worker.training.run import train_model

VALUE = LabelColumn(name="value", kind="rate", unit="1/h")
HELD_OUT = {"kind": "gene", "test": ["g0", "g1"], "match": "all"}
SMALL = {"latent_dim": 4, "hidden_dim": 4, "head": "linear", "network_dim": 0}
NETWORK = {"kind": "perturbation_set"} | SMALL
GRAPH = {"kind": "gene_graph", "hops": 1} | SMALL
MODELS = [
    pytest.param({"kind": "feature_ridge"}, id="feature_ridge"),
    pytest.param({"kind": "gene_kernel"}, id="gene_kernel"),
    pytest.param(NETWORK, id="perturbation_set", marks=pytest.mark.slow),
    pytest.param(GRAPH, id="gene_graph"),
    pytest.param({"kind": "set_transformer"} | SMALL, id="set_transformer"),
]
every_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture
def table(tmp_path):
    genes = gene_table()
    effect = weights(genes)
    designs = pair_designs()
    value = [sum(effect[e.split(":")[0]] for e in d.split("+") if e) for d in designs]
    return write_table(tmp_path / "t", designs, label__value=np.array(value))


def spec_of(model, **changes):
    return small_spec(
        **{"labels": [{"name": "value"}], "model": model, "split": HELD_OUT} | changes
    )


def train(table, model, genes=None, **changes):
    given = None if genes is None else chosen(genes)
    return train_model(spec_of(model, **changes), table, [VALUE], identity=IDENTITY, genes=given)


def test_the_data_of_one_model_of_genes_are_those_of_another(table):
    rows, genes = read_table(table), chosen(gene_table())

    def data_for(kind):
        return prepare(spec_of({"kind": kind}), rows, [VALUE], [], genes)

    ridge, kernel = data_for("feature_ridge"), data_for("gene_kernel")
    again = as_read_by(spec_of({"kind": "gene_kernel"}).model, ridge, rows)
    assert again.test.designs == kernel.test.designs
    assert again.vocabulary.keys == kernel.vocabulary.keys
    found, wanted = again.gene_vocabulary.known, kernel.gene_vocabulary.known
    assert wanted.coordinate_ER.shape[1] > ridge.gene_vocabulary.known.coordinate_ER.shape[1]
    np.testing.assert_array_equal(found.coordinate_ER, wanted.coordinate_ER)
    np.testing.assert_array_equal(found.feature_EF, wanted.feature_EF)
    # Without features no gene that is held out can be asked for: the test part is another.
    assert as_read_by(spec_of({"kind": "additive"}).model, ridge, rows) is None


@every_model
def test_genes_without_data_are_predicted_from_their_features(table, model):
    genes = gene_table()
    trained = train(table, model, genes)
    report = trained.manifest.report["labels"][0]
    assert report["test_design_count"] == 3  # g0, g1, and both
    best = report["table"][0]
    assert best["spearman"] == pytest.approx(1.0)
    assert "feature_ridge" in [row["predictor"] for row in report["table"]]
    latent = trained.manifest.report["latent"]
    assert latent is None or "from its features alone" in latent["statement"]
    effect = weights(genes)
    predictor = Predictor.load(trained.weights, trained.manifest)  # without a gene table
    asked = ["new:deletion", "new:deletion+g3:deletion"]
    answer = predictor.score(asked)
    wanted = [effect["new"], effect["new"] + effect["g3"]]
    assert answer.labels[0].mean == pytest.approx(wanted, abs=0.15)
    assert answer.support.edit_count_min == [0, 0]
    assert answer.support.is_extrapolated == [True, True]
    assert all(map(math.isfinite, answer.labels[0].expected_neutral))
    with pytest.raises(UnknownEditsError):
        predictor.score(["other:deletion"])


def test_two_encoders_compose_as_one_latent_and_leave_a_residual(table):
    genes = gene_table()
    spec = spec_of(GRAPH, epochs=1, ensemble_size=1, split={"kind": "none"})
    trained = train_model(
        spec, table, [VALUE], identity=IDENTITY, genes=chosen(genes), with_report=False
    )
    tensors = load(trained.weights)
    # Its start adds these labels up exactly: move the encoder of intact strains away from it.
    tensors["member.0.intact_ED"] *= 1.5
    predictor = Predictor.load(*packed(trained, tensors))
    parts = ["g3:deletion", "g4:deletion"]  # neighbours in the ring
    request = ComposeRequest(operation="compose", designs=parts, with_latents=True)
    (state,) = compose_designs(predictor, request).states
    latents = predictor.latents([parse_genotype("+".join(parts))])
    composed = latents.z_W_MD + latents.z_P_MBD[:, 0]
    np.testing.assert_allclose([m.values for m in state.latents], composed, atol=1e-12)
    residual = latents.z_I_MBD[:, 0] - composed
    sizes = np.linalg.norm(residual, axis=1) / np.linalg.norm(latents.z_P_MBD[:, 0], axis=1)
    assert state.design.composition_residual == pytest.approx(sizes[0])
    assert sizes[0] > 0.1
    reading = state.design.labels[0]
    assert reading.difference == pytest.approx(reading.y_intact - reading.y_compose)
    assert reading.permutation_null.designs == "measured"
    assert len(state.nearest) == 5


@pytest.mark.slow
@every_model
def test_the_same_training_gives_the_same_weights(table, model):
    first, second = (train(table, model, gene_table()) for _ in range(2))
    assert first.weights == second.weights


@pytest.mark.slow
@every_model
def test_the_order_of_the_gene_table_changes_nothing(table, model):
    genes = gene_table()
    order = np.random.default_rng(3).permutation(len(genes))
    ring = genes.networks["ring"]
    turned = GeneTable(
        tuple(genes.loci[row] for row in order),
        feature_names=genes.feature_names,
        feature_GF=genes.feature_GF[order],
        networks={"ring": replace(ring, edge_2M=np.argsort(order)[ring.edge_2M])},
    )
    asked = ["new:deletion", "g0:deletion+g1:deletion"]
    means = [
        Predictor.load(trained.weights, trained.manifest).score(asked).labels[0].mean
        for trained in (train(table, model, genes), train(table, model, turned))
    ]
    assert means[0] == pytest.approx(means[1], rel=1e-3)


def test_without_features_a_gene_without_data_stays_an_error(table):
    with pytest.raises(InvalidArgumentError, match="without features of genes"):
        train(table, NETWORK)
    with pytest.raises(InvalidArgumentError, match="name a gene table"):
        train(table, {"kind": "feature_ridge"}, split={"kind": "random"})


def test_messages_need_a_network_that_joins_genes(table):
    genes = gene_table()
    with pytest.raises(InvalidArgumentError, match="gene networks: name one"):
        train(table, GRAPH, split={"kind": "random"})
    with pytest.raises(InvalidArgumentError, match="gene networks: name one"):
        train(table, GRAPH, replace(genes, networks={}))
    silent = replace(genes.networks["ring"], score_MC=np.zeros((13, 1)))
    with pytest.raises(InvalidArgumentError, match="has an edge in network ring"):
        train(table, GRAPH, replace(genes, networks={"ring": silent}))


def test_what_does_not_read_genes_is_what_it_was(table):
    plain, given = (
        train(table, {"kind": "additive"}, genes, split={"kind": "random"})
        for genes in (None, gene_table())
    )
    assert plain.weights == given.weights
    assert plain.manifest.edits == given.manifest.edits


def test_places_in_a_network_do_not_depend_on_the_order_of_its_genes():
    rng = np.random.default_rng(0)
    genes = gene_table()
    scores = rng.uniform(0.5, 1.0, size=(13, 1))
    ring = replace(genes.networks["ring"], score_MC=scores)  # no two eigenvalues are equal
    order = rng.permutation(13)
    turned = GeneTable(
        tuple(genes.loci[row] for row in order),
        networks={"ring": replace(ring, edge_2M=np.argsort(order)[ring.edge_2M])},
    )
    straight = GeneTable(genes.loci, networks={"ring": ring})
    spec = PerturbationSetSpec(network_dim=4)
    index = EditIndex(pair_designs()[1:13])
    found = [
        gene_vocabulary(spec, index, join_genes(chosen(given), LOCI)).input_EF
        for given in (straight, turned)
    ]
    assert found[0].shape == (13, 5)
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_a_kind_of_edit_is_known_at_every_locus_and_a_named_allele_is_not(tmp_path):
    designs = ["g0:deletion", "g1:deletion", "g0:allele=DAmP", "g2:allele=DAmP", "g3:allele=x-1"]
    path = write_table(tmp_path / "t", designs, label__value=np.arange(5.0))
    spec = spec_of({"kind": "feature_ridge"}, split={"kind": "none"})
    data = prepare(spec, read_table(path), [VALUE], [], chosen(gene_table()))
    assert data.vocabulary.keys[: len(data.index)] == data.index.keys
    assert "new:deletion" in data.vocabulary
    assert "new:allele=DAmP" in data.vocabulary
    assert "new:allele=x-1" not in data.vocabulary
    assert len(data.vocabulary) == 2 * 13 + 1


def test_members_are_stopped_by_genes_that_they_have_not_seen(table):
    spec = spec_of({"kind": "feature_ridge"}, ensemble_size=5)
    train_part = prepare(spec, read_table(table), [VALUE], [], chosen(gene_table())).train
    for split in (GeneSplit(match="all"), GeneSplit(match="any")):
        parts = member_parts(train_part, spec.model_copy(update={"split": split}))
        loci = [{e.locus for e in train_part.designs[k].edits} for k in train_part.design_N]
        for trained_N, held_out_N in zip(parts.trained_MN, parts.held_out_MN, strict=True):
            assert not (trained_N & held_out_N).any()
            seen = set().union(*(x for x, t in zip(loci, trained_N, strict=True) if t))
            tested = [x for x, h in zip(loci, held_out_N, strict=True) if h]
            assert tested
            assert set(LOCI[2:]) - seen == set().union(*tested) - seen
            if split.match == "all":
                assert all(seen.isdisjoint(x) for x in tested)
        assert parts.fitted(0, np.full(len(loci), np.nan)).all()


def test_auto_chooses_among_models_that_know_the_genes(table):
    genes = gene_table()
    auto = {"kind": "auto", "folds": 3, "candidates": ["additive", "feature_ridge", "gene_kernel"]}
    trained = train(table, auto, genes)
    selection = trained.manifest.selection
    assert "by gene" in selection.folds
    assert "edit that the training part lacks" in selection.candidates[0].left_out
    assert selection.chosen in {"feature_ridge", "gene_kernel"}
    assert trained.manifest.report["labels"][0]["test_design_count"] == 3
    named = train(table, trained.manifest.selected_model, genes)
    assert trained.weights == named.weights
    without = {"kind": "auto", "candidates": ["additive", "feature_ridge"]}
    told = train(table, without, split={"kind": "random"}).manifest.selection
    assert "reads a gene table" in told.candidates[1].left_out


@pytest.mark.slow
@pytest.mark.parametrize("model", [NETWORK, GRAPH], ids=lambda model: model["kind"])
def test_a_network_of_genes_goes_on_from_its_checkpoint(table, monkeypatch, model):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    spec, genes = spec_of(model, epochs=3), chosen(gene_table())

    def call(**options):
        own = training_options(**options)
        return train_model(
            spec, table, [VALUE], identity=IDENTITY, genes=genes, with_report=False, **own
        )

    saved, asked = [], iter(range(1000))
    with pytest.raises(TrainingStoppedError):
        call(save_checkpoint=saved.append, should_stop=lambda: next(asked) >= 7)
    assert call(checkpoint=saved[0]).weights == call().weights
