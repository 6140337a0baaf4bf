"""Graded labels as classes."""

import math

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.label_bins import bin_edges, binned


def column(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_bins_by_hand():
    edges = bin_edges([column(1, 2, 3, 4, 5, 6, 7, 8)], bins=4)
    assert edges[0].tolist() == [2.5, 4.5, 6.5]
    labels = torch.tensor([[-9.0], [2.0], [3.0], [4.6], [math.nan], [100.0]])
    found = binned(labels, edges)[:, 0]
    assert found.nan_to_num(-1).tolist() == [0, 0, 2, 4, -1, 6]


@pytest.mark.parametrize("bins", [2, 3, 4, 7, 50])
def test_training_labels_fall_into_bins_of_one_size_give_or_take_one(bins):
    labels = torch.randn(50, generator=torch.Generator().manual_seed(0)).double().sort().values
    found = binned(labels[:, None], bin_edges([labels], bins=bins))[:, 0]
    sizes = torch.bincount(found.long())[::2]
    assert len(sizes) == bins
    assert sizes.max() - sizes.min() <= 1


def test_a_label_that_many_rows_share_is_a_class_of_its_own():
    dead_and_alive = torch.cat([torch.zeros(30), torch.linspace(0.1, 1, 70)])
    found = binned(dead_and_alive[:, None], bin_edges([dead_and_alive]))[:, 0]
    assert len(set(found[:30].tolist())) == 1
    assert not set(found[:30].tolist()) & set(found[30:].tolist())
    # Dead, below the first quartile of the living, ...: 30 %, then up to 50 %, 75 %, 100 %.
    assert torch.unique(found, return_counts=True)[1].tolist() == [30, 20, 25, 25]


@pytest.mark.parametrize("dead", [1, 10, 50, 90, 99])
def test_two_labels_are_two_classes_however_rare_one_is(dead):
    labels = (torch.arange(100) >= dead).double()
    found = binned(labels[:, None], bin_edges([labels]))[:, 0]
    assert len(torch.unique(found)) == 2
    assert len(torch.unique(found[:dead])) == 1


def test_equal_labels_share_a_class_and_larger_ones_are_never_below():
    labels = torch.randint(0, 9, (200,), generator=torch.Generator().manual_seed(0)).double()
    found = binned(labels[:, None], bin_edges([labels.sort().values], bins=5))[:, 0]
    order = labels.argsort()
    assert (found[order].diff() >= 0).all()
    assert all(len(set(found[labels == value].tolist())) == 1 for value in range(9))


def test_columns_have_edges_of_their_own():
    edges = bin_edges([column(0, 1, 2, 3), column(10, 20, 30, 40)], bins=2)
    assert [edge.tolist() for edge in edges] == [[1.5], [25.0]]
    labels = torch.tensor([[1.0, 10.0], [2.0, math.nan], [math.nan, 40.0]])
    assert binned(labels, edges).nan_to_num(-1).tolist() == [[0, 0], [2, -1], [-1, 2]]


@pytest.mark.parametrize("values", [[], [3.0]])
def test_without_two_training_labels_all_are_of_one_class(values):
    edges = bin_edges([column(*values)])
    assert len(edges[0]) == 0
    assert binned(torch.tensor([[1.0], [5.0]]), edges).tolist() == [[0], [0]]


def test_all_equal_labels_are_of_one_class():
    labels = torch.full((9,), 2.5).double()
    assert len(torch.unique(binned(labels[:, None], bin_edges([labels])))) == 1


def test_fewer_labels_than_bins_are_a_class_each():
    labels = column(0, 1, 2)
    found = binned(labels[:, None], bin_edges([labels], bins=10))
    assert len(torch.unique(found)) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64])
def test_labels_of_any_type(dtype):
    labels = torch.tensor([[1], [2], [30], [40]], dtype=dtype)
    edges = bin_edges([labels[:, 0]], bins=2)
    found = binned(labels, edges)
    assert found.dtype is torch.float64
    assert found[:, 0].tolist() == [0, 0, 2, 2]


def test_infinite_labels_are_of_the_outer_bins():
    labels = torch.tensor([[-math.inf], [math.inf]])
    assert binned(labels, bin_edges([column(1, 2, 3, 4)])).tolist() == [[0], [6]]


def test_no_columns_have_no_classes():
    assert binned(torch.zeros(3, 0), bin_edges([])).shape == (3, 0)


def test_no_value_is_looked_at():
    edges = bin_edges([column(1, 2, 3, 4)])
    with Unread():
        binned(torch.tensor([[1.0], [math.nan]]), edges)


def test_refuses_what_makes_no_bins():
    with pytest.raises(ValueError, match="at least 2, not 1"):
        bin_edges([column(1, 2)], bins=1)
    with pytest.raises(ValueError, match="edges of 1 columns for labels of shape"):
        binned(torch.zeros(3, 2), bin_edges([column(1, 2)]))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        binned(torch.zeros(3), bin_edges([column(1, 2)]))
