"""The rule for held-out genes, and that a model is given nothing that it does not use."""

from dataclasses import replace

import numpy as np
import pytest

from service.contract.errors import InvalidArgumentError
from tests.worker.data.genes import ANNOTATIONS, GENES, choose

STRING = [{"name": "string"}]


def test_all_is_used_where_no_gene_is_held_out():
    chosen = choose(networks=STRING)
    assert chosen.table.feature_names == GENES.feature_names
    assert chosen.table.networks["string"].channels == ("experiments", "textmining", "database")
    assert chosen.used.networks[0].channels_off == []
    assert chosen.used.notes == []


def test_what_was_published_is_off_where_genes_are_held_out():
    chosen = choose(networks=STRING, is_held_out=True)
    network = chosen.table.networks["string"]
    assert chosen.table.feature_names == ("length",)
    assert chosen.table.feature_GF.shape == (4, 1)
    assert network.channels == ("experiments",)
    # Text mining alone supported the second edge.
    np.testing.assert_array_equal(network.edge_2M, [[0, 2], [1, 3]])
    np.testing.assert_array_equal(network.score_MC, [[0.2], [0.7]])
    assert chosen.used.features_off == ["emb0", "emb1"]
    assert chosen.used.networks[0].channels_off == ["textmining", "database"]
    assert "features emb0, emb1; channels textmining, database" in chosen.used.notes[0]


def test_igi_does_not_count_where_genes_are_held_out():
    np.testing.assert_array_equal(
        choose(ANNOTATIONS).table.feature_GF, [[0, 1], [1, 0], [1, 0], [1, 0]]
    )
    chosen = choose(ANNOTATIONS, is_held_out=True)
    np.testing.assert_array_equal(chosen.table.feature_GF, [[0, 1], [0, 0], [1, 0], [0, 0]])
    assert chosen.used.evidence_off == ["IGI"]
    assert "evidence IGI" in chosen.used.notes[0]


def test_what_was_left_out_as_asked_is_not_put_down_to_the_rule():
    mask_GF = np.array([[0, 2], [1, 0], [3, 0], [1, 4]], dtype=np.uint64)
    genes = replace(ANNOTATIONS, evidence=("IGI", "IMP", "IDA"), mask_GF=mask_GF)
    chosen = choose(genes, evidence_off=["IMP"], is_held_out=True)
    assert chosen.used.evidence_off == ["IGI", "IMP"]
    assert "evidence IGI." in chosen.used.notes[0]
    asked = [{"name": "string", "channels": ["experiments", "textmining"]}]
    chosen = choose(networks=asked, is_held_out=True)
    assert "channels textmining of network string" in chosen.used.notes[0]
    assert chosen.used.networks[0].channels_off == ["textmining", "database"]


def test_features_without_any_annotation_left_are_refused():
    off = [code for code in ANNOTATIONS.evidence if code != "IGI"]
    assert choose(ANNOTATIONS, evidence_off=off).table.feature_GF.any()
    with pytest.raises(InvalidArgumentError, match="no annotation of the features is left"):
        choose(ANNOTATIONS, evidence_off=off, is_held_out=True)


def test_a_code_may_be_left_out_by_name():
    chosen = choose(ANNOTATIONS, evidence_off=["IMP"])
    np.testing.assert_array_equal(chosen.table.feature_GF, [[0, 0], [1, 0], [1, 0], [1, 0]])


def test_features_are_named_by_their_beginning():
    assert choose(features=["emb*"]).table.feature_names == ("emb0", "emb1")


def test_a_network_alone_needs_no_feature():
    chosen = choose(use_features=False, networks=[{"name": "string", "min_score": 0.75}])
    assert chosen.table.feature_GF.shape == (4, 0)
    assert chosen.used.networks[0].edge_count == 2
    np.testing.assert_array_equal(chosen.table.networks["string"].edge_2M, [[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ({"features": ["lenght"]}, "no feature 'lenght'; it has: length, emb0"),
        ({"evidence_off": ["IGI"]}, "no evidence code 'IGI'; it has: none"),
        ({"networks": [{"name": "string", "channels": ["neighborhood"]}]}, "no channel"),
        ({"networks": [{"name": "string", "min_score": 2}]}, "no edge of network string reaches"),
    ],
)
def test_what_is_not_there_is_refused(use, message):
    with pytest.raises(InvalidArgumentError, match=message):
        choose(**use)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ({"features": ["emb*"]}, "all of them are off where genes are held out"),
        ({"networks": [{"name": "string", "channels": ["textmining"]}]}, "no channel of network"),
    ],
)
def test_a_training_that_the_rule_leaves_nothing_is_refused(use, message):
    choose(**use)
    with pytest.raises(InvalidArgumentError, match=message):
        choose(is_held_out=True, **use)
