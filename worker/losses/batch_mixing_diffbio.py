"""Batch mixing as DiffBio 0.1.9 computes it, O(N^3): to compare with, not to train with.

Source: https://github.com/avitai/DiffBio (MIT licence), restated from its formulas; NeuralSort:
Grover et al. 2019 (arXiv 1903.08850).
"""

import math

import torch
from torch import Tensor

from worker.losses.columns import widened

# What DiffBio puts between a cell and itself.
_SENTINEL = 1e10
_EPSILON = 1e-8
# Elements of a block's table of differences, of a row's distances to one another.
_BLOCK = 2**22


def _kth(square_bN: Tensor, neighbors: int, softness: float) -> Tensor:
    """NeuralSort's k-th smallest of every row, [b, 1], of standardised and squashed values."""
    size = square_bN.shape[1]
    variance_b1 = square_bN.var(dim=1, correction=0, keepdim=True)
    centred_bN = square_bN - square_bN.mean(dim=1, keepdim=True)
    unit_bN = (centred_bN / (variance_b1 + 1e-6).sqrt()).sigmoid()
    apart_bNN = unit_bN[:, :, None] - unit_bN[:, None, :]
    soft_bNN = apart_bNN * (apart_bNN / (2.0 * softness)).tanh()
    place_bN = (size + 1 - 2 * neighbors) * unit_bN + soft_bNN.sum(dim=1)
    return ((-place_bN / softness).softmax(dim=1) * square_bN).sum(dim=1, keepdim=True)


def diffbio_batch_mixing(
    z_ND: Tensor, batch_N: Tensor, *, n_batches: int, n_neighbors: int, temperature: float
) -> Tensor:
    """`BatchMixingLoss(n_neighbors, n_batches, temperature)(z_ND, batch_N)`, in float64.

    A code outside of 0 to `n_batches` - 1 is of no batch; such a cell still counts.

    Raises:
        ValueError: `n_neighbors` is larger than the number of cells.
    """
    from torch.utils.checkpoint import checkpoint  # here: it imports half of torch

    size = len(z_ND)
    if n_neighbors > size:
        raise ValueError(f"n_neighbors is {n_neighbors}, and there are {size} cells")
    z = widened(z_ND).double()
    square_N = z.square().sum(dim=1)
    square_NN = square_N[:, None] + square_N - 2.0 * (z @ z.T)
    square_NN = square_NN + _SENTINEL * torch.eye(size, dtype=z.dtype, device=z.device)
    block = max(1, _BLOCK // size**2)
    kth_N1 = torch.cat(
        [
            checkpoint(_kth, rows_bN, n_neighbors, temperature, use_reentrant=False)
            for rows_bN in torch.split(square_NN, block)
        ]
    )
    below_NN = 1.0 - ((square_NN - kth_N1 + 1e-10) / temperature).sigmoid()
    weight_NN = (-square_NN / temperature).softmax(dim=1) * below_NN
    weight_NN = weight_NN / (weight_NN.sum(dim=1, keepdim=True) + _EPSILON)
    share_NK = weight_NN @ (batch_N[:, None] == torch.arange(n_batches, device=z.device)).double()
    entropy_N = -(share_NK * (share_NK + _EPSILON).log()).sum(dim=1)
    # DiffBio keeps this in float32, whatever the type of the latents.
    largest = torch.tensor(math.log(n_batches), dtype=torch.float32, device=z.device) + _EPSILON
    return -(entropy_N / largest).mean().to(z_ND.dtype)
