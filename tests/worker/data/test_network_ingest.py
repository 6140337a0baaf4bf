"""Uploaded edge lists: what becomes a network, and what is refused."""

import numpy as np
import pytest

from service.contract.errors import BadTableError
from service.contract.genes import NetworkSpec
from tests.worker.data.genes import GENES
from worker.data.errors import IngestStoppedError
from worker.data.gene_table_store import read_network
from worker.data.network_ingest import ingest_network
from worker.data.whole_table import Watch

EDGES = (
    "a\tb\texperiments\ttextmining\tnote\n"
    "YER069W\tYCL058W-A\t200\t900\tx\n"
    "ADF1\tARG5,6\t300\t0\ty\n"
    "YJL115W\tYOR141C\t0\t0\tz\n"
    "YJL115W\tYER069W\t500\t\tz\n"
    "REP1\tYER069W\t500\t0\tz\n"
)


@pytest.fixture
def ingest(tmp_path):
    def run(content, *, should_stop=lambda: False, **spec):
        source, path = tmp_path / "upload", tmp_path / "network.parquet"
        source.write_text(content)
        watch = Watch(lambda _: None, should_stop)
        chosen = NetworkSpec.model_validate(spec)
        profile = ingest_network(source, chosen, GENES, path, name="string", watch=watch)
        return profile, read_network(path, GENES.loci).network

    return run


def test_an_edge_is_there_once_with_its_highest_scores(ingest):
    profile, network = ingest(EDGES, score_unit=1000)
    assert network.channels == ("experiments", "textmining")
    np.testing.assert_array_equal(network.edge_2M, [[0, 0], [1, 2]])
    np.testing.assert_allclose(network.score_MC, [[0.3, 0.9], [0.5, 0.0]])
    assert (profile.row_count, profile.edge_count, profile.duplicate_count) == (5, 2, 1)
    assert (profile.matched_name_count, profile.renamed_count) == (6, 2)
    assert (profile.unmatched_names, profile.unmatched_row_count) == (["REP1"], 1)
    assert profile.isolated_locus_count == 1
    text_mining = profile.channels[1]
    assert (text_mining.edge_count, text_mining.min, text_mining.max) == (1, 0.9, 0.9)


def test_a_list_without_scores_gives_every_edge_one(ingest):
    _, network = ingest("x\ty\nYER069W\tYJL115W\n", source_column="x", target_column="y")
    assert network.channels == ("edge",)
    np.testing.assert_array_equal(network.score_MC, [[1.0]])


def test_a_prefix_is_cut_off(ingest):
    content = "a\tb\ts\n4932.YER069W\t4932.YJL115W\t1\n"
    profile, _ = ingest(content, name_prefix="4932.")
    assert profile.edge_count == 1
    with pytest.raises(BadTableError, match=r'set name_prefix to "4932\."'):
        ingest(content)


def test_self_edges_may_be_skipped(ingest):
    content = "a\tb\nADF1\tYCL058W-A\nYER069W\tYJL115W\n"
    profile, _ = ingest(content, on_self_edges="skip")
    assert (profile.self_edge_count, profile.edge_count) == (1, 1)
    with pytest.raises(BadTableError, match="'ADF1': an edge from a gene to itself") as caught:
        ingest(content)
    assert (caught.value.offenders[0].row, caught.value.offenders[0].column) == (1, "b")


@pytest.mark.parametrize(
    ("content", "spec", "row", "message"),
    [
        ("a\tb\ts\nYER069W\tYJL115W\t-1\n", {}, 1, "below 0"),
        ("a\tb\ts\nYER069W\tYJL115W\tx\n", {"channel_columns": ["s"]}, 1, "not a number"),
        ("a\tb\ts\nYER069W\t\t1\n", {}, 1, "no name"),
        ("a\tb\nYER069W\tYJL115W\nCIA1\tYER069W\n", {}, 2, "alias of YJL115W, YOR141C"),
    ],
)
def test_bad_rows_are_named(ingest, content, spec, row, message):
    with pytest.raises(BadTableError, match=message) as caught:
        ingest(content, **spec)
    assert caught.value.offenders[0].row == row


@pytest.mark.parametrize(
    ("content", "spec", "message"),
    [
        ("a\tb\nb0720\tb1812\n", {}, "none of the 2 names is a locus .* b0720, b1812, the table"),
        ("a\tb\ts\nYER069W\tYJL115W\t0\n", {}, "no edge with a score above 0"),
        ("a\tc\nYER069W\tYJL115W\n", {}, "no column 'b'"),
        ("a\tb\ts\nYER069W\tYJL115W\t1\n", {"off_when_held_out": ["t"]}, "no channel is called"),
    ],
)
def test_a_file_that_is_no_such_network_is_refused(ingest, content, spec, message):
    with pytest.raises(BadTableError, match=message):
        ingest(content, **spec)


def test_a_stopped_ingest_ends(ingest):
    with pytest.raises(IngestStoppedError):
        ingest(EDGES, should_stop=lambda: True)
