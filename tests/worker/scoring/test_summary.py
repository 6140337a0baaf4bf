"""Summaries: what parts give together is what all rows give; extremes are those of a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.errors import Offender
from worker.scoring.histogram import MOST_BINS, SHOWN_BINS, Histogram
from worker.scoring.summary import Summary

finite = st.floats(-1e150, 1e150)
arrays = st.lists(st.lists(finite, max_size=30), min_size=1, max_size=6)


def equal(one, two):
    return (one.exponent, one.first, one.counts.tolist()) == (
        two.exponent,
        two.first,
        two.counts.tolist(),
    )


@given(arrays)
def test_a_histogram_is_the_same_in_whatever_parts_it_is_made(parts):
    joined = Histogram()
    for part in parts:
        joined = joined.joined(Histogram.of(np.array(part, dtype=float)))
    whole = Histogram.of(np.array([value for part in parts for value in part], dtype=float))
    assert equal(joined, whole)
    assert equal(Histogram.read(joined.stored()), joined)


@given(st.lists(finite, min_size=1))
def test_every_value_lies_in_a_bin_of_what_is_shown(values):
    shown = Histogram.of(np.array(values)).shown()
    assert sum(shown.counts) == len(values)
    assert len(shown.counts) <= SHOWN_BINS
    for i, count in enumerate(shown.counts):
        low, high = shown.left + i * shown.width, shown.left + (i + 1) * shown.width
        assert count == sum(low <= value < high for value in values)


def test_bins_are_as_narrow_as_they_can_be():
    histogram = Histogram.of(np.random.default_rng(0).normal(size=10_000))
    assert MOST_BINS / 2 - 2 <= len(histogram.counts) <= MOST_BINS
    assert Histogram.of(np.array([5.0])).counts.tolist() == [1]
    assert Histogram().shown() is None


def summarised(values, block):
    """As a shard does it, some rows at a time."""
    summary = Summary.of_labels(1)
    for start in range(0, len(values), block):
        mean_B = np.array(values[start : start + block], dtype=float)
        label = summary.labels[0]
        high, low = label.add(mean_B)
        names = [f"g{start + i}" for i in range(len(mean_B))]
        label.highest = label.highest.joined(mean_B[high], high + start, [names[i] for i in high])
        label.lowest = label.lowest.joined(mean_B[low], low + start, [names[i] for i in low])
        summary.orders.update([2] * len(mean_B))
        summary.row_count += len(mean_B)
        summary.scored_count += len(mean_B)
    return summary


@pytest.mark.parametrize("block", [1, 70, 5000])
@pytest.mark.parametrize("digits", [0, 8])  # many ties, and none
def test_extremes_are_those_of_a_full_sort_over_shards(block, digits):
    values = np.random.default_rng(1).normal(0, 5, 1500).round(digits)
    whole = Summary.of_labels(1)
    for part in (values[:400], values[400:401], values[401:]):
        whole.join(Summary.from_bytes(summarised(part, block).to_bytes()))
    shown = whole.labels[0].shown("titer", "mg/L")
    for found, order in (
        (shown.highest, sorted(range(1500), key=lambda i: (-values[i], i))),
        (shown.lowest, sorted(range(1500), key=lambda i: (values[i], i))),
    ):
        assert [(top.row, top.mean) for top in found] == [(i + 1, values[i]) for i in order[:100]]
    assert (shown.min, shown.max) == (values.min(), values.max())
    assert shown.mean == pytest.approx(values.mean())
    assert [(o.order, o.count) for o in whole.shown_orders()] == [(2, 1500)]


def test_nothing_scored():
    summary = Summary.from_bytes(Summary.of_labels(1).to_bytes())
    shown = summary.labels[0].shown("titer", "mg/L")
    assert (shown.min, shown.mean, shown.histogram, shown.highest) == (None, None, None, ())


def test_bad_rows_are_listed_up_to_a_thousand_and_what_nobody_knows_stays_unknown():
    one, two = Summary.of_labels(0), Summary.of_labels(0)
    two.list_bad([Offender(row=i, message="bad") for i in range(2000)])
    two.extrapolated = None
    one.join(two)
    assert [one.bad_rows[0].row, one.bad_rows[-1].row, len(one.bad_rows)] == [0, 999, 1000]
    assert one.extrapolated is None
