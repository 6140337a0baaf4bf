"""The report of directions that positive pairs never vary."""

import math

import pytest
import torch

from worker.losses.diversity_report import diversity_report


def pairs(scale, rows=4000):
    """Independent coordinates; each varies by `scale` of its own spread between the two."""
    generator = torch.Generator().manual_seed(0)
    z, noise = torch.randn(2, rows, len(scale), generator=generator, dtype=torch.float64)
    share = torch.tensor(scale, dtype=torch.float64)
    # (1 - s) of the variance is kept: the mean square of the difference is 2 s.
    return z, (1 - share) * z + (1 - (1 - share).square()).sqrt() * noise


def test_shares_are_those_that_were_put_in():
    report = diversity_report(*pairs([0.0, 0.1, 0.5, 1.0]))
    assert report.held_count == 1
    assert report.flat_count == 0
    assert report.pair_count == 4000
    assert not report.is_diverse
    assert report.share_K.tolist() == pytest.approx([0, 0.1, 0.5, 1.0], abs=0.05)
    assert report.axis_share_D.tolist() == pytest.approx([0, 0.1, 0.5, 1.0], abs=0.05)
    assert report.held[0].abs().tolist() == pytest.approx([1, 0, 0, 0], abs=1e-6)


def test_value_by_hand():
    # Differences (0, 2), (0, -2), (0, 2); variances over all six 2/3 and 1.
    z = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [0.0, -1.0]])
    positive = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [0.0, 1.0]])
    report = diversity_report(z, positive)
    # Half the mean square of the differences is 2, of a variance of 1: they are opposite.
    assert report.share_K.tolist() == pytest.approx([0, 2])
    assert report.axis_share_D.tolist() == pytest.approx([0, 2])
    assert report.held_count == 1


def test_a_direction_that_no_axis_shows_is_found():
    z, positive = pairs([0.0, 0.3, 0.8])
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[
        0
    ].double()
    report = diversity_report(z @ turn, positive @ turn)
    assert report.held_count == 1
    assert (report.axis_share_D > 0.01).all()
    held = report.held[0]
    torch.testing.assert_close((z @ turn) @ held, (positive @ turn) @ held, rtol=0, atol=1e-7)


def test_linear_maps_and_swapping_keep_the_shares():
    z, positive = pairs([0.0, 0.3, 0.8])
    shares = diversity_report(z, positive).share_K
    matrix = torch.randn(3, 3, generator=torch.Generator().manual_seed(2)).double()
    offset = torch.tensor([5.0, -1.0, 100.0]).double()
    mapped = diversity_report(z @ matrix + offset, positive @ matrix + offset)
    torch.testing.assert_close(mapped.share_K, shares, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(diversity_report(positive, z).share_K, shares)


def test_collapsed_directions_are_counted_and_left_out():
    z, positive = pairs([0.0, 0.5])
    wide = [torch.cat([x, x[:, :1] + x[:, 1:], 0 * x[:, :1] + 7], dim=1) for x in (z, positive)]
    report = diversity_report(*wide)
    assert report.flat_count == 2
    assert report.share_K.tolist() == pytest.approx([0, 0.5], abs=0.05)
    assert math.isnan(report.axis_share_D[3])


def test_pairs_that_are_one_hold_everything_and_pairs_that_vary_nothing():
    z, positive = pairs([0.2, 0.4])
    assert diversity_report(z, z).held_count == 2
    diverse = diversity_report(z, positive)
    assert diverse.is_diverse
    assert diverse.held.shape == (0, 2)
    assert diversity_report(z, positive, tolerance=0.3).held_count == 1


def test_latents_that_are_all_one_point_are_flat():
    z = torch.ones(5, 3)
    report = diversity_report(z, z)
    assert (report.flat_count, report.held_count) == (3, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_any_float_is_worked_on_in_float64(dtype):
    z, positive = (x.to(dtype) for x in pairs([0.0, 0.5]))
    report = diversity_report(z, positive)
    assert report.share_K.dtype is torch.float64
    assert report.held_count == 1


@pytest.mark.parametrize(
    ("z", "positive", "message"),
    [
        (torch.zeros(4, 2), torch.zeros(5, 2), r"\[B, D\]"),
        (torch.zeros(4, 0), torch.zeros(4, 0), "at least one dimension"),
        (torch.zeros(4, 2).long(), torch.zeros(4, 2).long(), "floating type"),
        (torch.zeros(2, 2), torch.zeros(2, 2), "2 pairs cannot tell of 2 dimensions"),
        (torch.full((4, 2), math.nan), torch.zeros(4, 2), "finite"),
        (torch.zeros(4, 2), torch.full((4, 2), math.inf), "finite"),
    ],
)
def test_refuses_what_it_cannot_tell_from(z, positive, message):
    with pytest.raises(ValueError, match=message):
        diversity_report(z, positive)


@pytest.mark.parametrize("tolerance", [-0.1, 1.1, math.nan])
def test_refuses_a_tolerance_that_is_no_share(tolerance):
    with pytest.raises(ValueError, match="from 0 to 1"):
        diversity_report(*pairs([0.5]), tolerance=tolerance)
