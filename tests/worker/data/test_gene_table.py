"""Gene tables in memory."""

import numpy as np
import pytest

from service.contract.errors import AmbiguousGeneError, InvalidArgumentError, UnknownGeneError
from worker.data.gene_table import GeneTable, Network


def table():
    edges = np.array([[0, 1, 2], [1, 2, 2]])
    scores = np.array([[900.0, 0.0], [0.0, 300.0], [5.0, 5.0]])
    return GeneTable(
        loci=("YAL001C", "YAL002W", "YAL003W"),
        aliases={
            "TFC3": frozenset({0}),
            "EFB1": frozenset({1, 2}),
            "YAL002W": frozenset({0}),  # an old name that is now another's locus
        },
        feature_names=("a", "b"),
        feature_GF=np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]),
        networks={"physical": Network("physical", ("seen", "read"), edges, scores)},
    )


def test_a_locus_goes_before_an_alias():
    genes = table()
    assert [genes.resolve(name) for name in ("YAL003W", "TFC3", "YAL002W")] == [2, 0, 1]
    assert "TFC3" in genes
    assert "EFB1" not in genes
    assert "YAL004W" not in genes


def test_an_ambiguous_alias_names_its_candidates():
    with pytest.raises(AmbiguousGeneError, match="alias of YAL002W, YAL003W") as caught:
        table().resolve("EFB1")
    assert caught.value.offenders[0].suggestions == ["YAL002W", "YAL003W"]


def test_an_unknown_gene_is_named_with_what_may_be_meant():
    with pytest.raises(UnknownGeneError, match="YAL001 ") as caught:
        table().resolve("YAL001 ")
    assert caught.value.offenders[0].suggestions[0] == "YAL001C"


def test_features_are_taken_by_name_in_the_order_asked_for():
    np.testing.assert_array_equal(table().features(["b", "a"])[2], [6.0, 5.0])
    assert table().features().shape == (3, 2)
    with pytest.raises(InvalidArgumentError, match="no feature c; it has a, b"):
        table().features(["c"])


def test_edges_are_those_that_a_chosen_channel_supports():
    network = table().network("physical")
    edge_2M, score_M = network.chosen(["seen"])
    assert edge_2M.tolist() == [[0], [1]]  # neither without evidence, nor the loop
    assert score_M.tolist() == [900.0]
    assert network.chosen()[1].tolist() == [900.0, 300.0]
    assert network.chosen(min_score=301)[1].tolist() == [900.0]
    assert network.chosen([])[0].shape == (2, 0)
    with pytest.raises(InvalidArgumentError, match="no channel text; it has seen, read"):
        network.chosen(["text"])
    with pytest.raises(InvalidArgumentError, match="no network genetic"):
        table().network("genetic")


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="do not fit 1 loci"):
        GeneTable(("a",), feature_names=("x",), feature_GF=np.zeros((2, 1)))
    with pytest.raises(ValueError, match="twice"):
        GeneTable(("a", "a"))
    with pytest.raises(ValueError, match="do not fit"):
        Network("n", ("c",), np.zeros((2, 3), int), np.zeros((2, 1)))
    assert GeneTable(("a",)).features().shape == (1, 0)
