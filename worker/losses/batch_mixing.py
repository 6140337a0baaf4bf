"""Batch mixing: the neighbours of a cell should come from every batch.

Source: DiffBio 0.1.9, `BatchMixingLoss` (https://github.com/avitai/DiffBio, MIT licence), a soft
form of the entropy of batch mixing (Haghverdi et al. 2018, doi:10.1038/nbt.4091). What differs
here follows; `compat="diffbio"` reproduces it.

What this mends: in DiffBio `n_neighbors` is inert, since the distance of a cell to itself, set
to 1e10, ends up in its own sort, and the softmax of -D / t takes its place; both depend on the
scale, so that shrinking the embedding counts as mixing; work is O(N^3), and memory hundreds of
N x N matrices. Here the k-th distance is the true one, it is the unit of all others, and its
gradient is part of the loss's: no gradient points along a change of scale. Batches of unequal
size reach -1, too.

The gradient is found in the forward pass, in O(block x N) memory; a second derivative is
refused. Distances are float64; on the CPU weights below the rounding of the latents' type are
left out. Batches far apart have no gradient to bring them together: their cells do not see
each other. Under data-parallel training pass both tensors through `gather_rows`.
"""

import math
from importlib.util import find_spec
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from worker.losses.batch_mixing_cpu import NeighborKernel
from worker.losses.batch_mixing_diffbio import diffbio_batch_mixing
from worker.losses.batch_mixing_rows import Kernel, TorchKernel, cells, sum_of_entropies
from worker.losses.columns import require_above_zero, require_floats, widened
from worker.losses.supcr_inputs import check_choice

Implementation = Literal["auto", "torch", "numba"]
# Up to here PyTorch takes milliseconds, and importing or compiling for numba is not worth it.
_SMALL = 256


def batch_mixing(
    z_ND: Tensor,
    batch_N: Tensor,
    *,
    n_batches: int,
    n_neighbors: int = 15,
    temperature: float = 0.05,
    compat: Literal["diffbio"] | None = None,
    implementation: Implementation = "auto",
) -> Tensor:
    """Minus the mean entropy of the batches around a cell, over that of all cells' batches.

    With D the squared distance of two cells, s_i that of cell i to its k-th nearest, t the
    temperature and H the entropy:

        w_ij = sigmoid((1 - D_ij / s_i) / t)
        p_ib = sum of w_ij over j in batch b, over the sum of w_ij over all j;  j != i
        loss = -mean_i H(p_i) / H(shares of the batches)

    0: every cell sees its own batch alone. -1: each neighbourhood has the shares of the whole;
    where cells are mixed at random it lies above by some (K - 1) / (2 k H), and hubs (cells that
    are neighbours of many) may take it a little below. Minimise it.

    Args:
        z_ND: latents of the cells, float; half precision is worked on in float32.
        batch_N: which batch, an integer from 0; below 0 where it is missing: such a cell is
            neither counted nor a neighbour, and its latent is not read. A code of `n_batches` or
            more is refused on the CPU; on a GPU, which would have to wait, it makes the loss NaN.
        n_batches: K, how many batches there are; some may be empty.
        n_neighbors: k, at least 1; where there are fewer other cells, all are neighbours.
        temperature: t, above 0: how soft a neighbourhood's edge is, as a share of s. Towards 0 the
            k nearest count alike, and nobody else.
        compat: `diffbio` computes DiffBio's loss, where a missing batch still has a neighbourhood,
            `temperature` (there 1) is in squared units of the latent, and memory is O(N^2).
        implementation: `auto` takes numba for larger batches on the CPU, PyTorch otherwise.

    Laws: scaling, shifting or rotating the latents changes nothing; neither does renaming the
    batches, or the order of the cells. With one batch, or fewer than two cells, it is 0, with a
    graph. A latent that is not finite makes it so.

    Raises:
        ValueError: wrong shapes, types or settings, or codes out of range.
    """
    _check(z_ND, batch_N, n_batches, n_neighbors)
    _check_choices(temperature, implementation, compat)
    if compat is not None:
        sizes = {"n_batches": n_batches, "n_neighbors": n_neighbors}
        return diffbio_batch_mixing(z_ND, batch_N, **sizes, temperature=temperature)
    wide_ND, code_N = _with_batch(widened(z_ND), batch_N.long(), n_batches)
    blank_ND = _near_one(torch.where((code_N >= 0)[:, None], wide_ND, 0.0))
    prepared = cells(blank_ND.detach(), code_N, n_batches)
    kernel = _kernel(blank_ND, n_neighbors, temperature, implementation)
    entropy = sum_of_entropies(blank_ND, prepared, kernel)
    # What is not finite is lost among comparisons of distances.
    value = entropy * _scale(prepared.batch_NK) + 0.0 * blank_ND.double().sum()
    return value.to(z_ND.dtype)


def _check(z_ND: Tensor, batch_N: Tensor, n_batches: int, n_neighbors: int) -> None:
    if z_ND.ndim != 2 or batch_N.shape != z_ND.shape[:1]:
        raise ValueError(
            "latents [N, D] and batches [N] do not go together: shapes "
            f"{tuple(z_ND.shape)} and {tuple(batch_N.shape)}"
        )
    if z_ND.shape[1] == 0:
        raise ValueError("latents need at least one dimension")
    require_floats(z_ND, "latents")
    kind = batch_N.dtype
    if kind.is_floating_point or kind.is_complex or kind is torch.bool:
        raise ValueError(f"batches have to be integer codes, not {batch_N.dtype}")
    for name, value in {"n_batches": n_batches, "n_neighbors": n_neighbors}.items():
        if not 1 <= value < math.inf or value != int(value):
            raise ValueError(f"{name} has to be a whole number of at least 1, it is {value}")


def _check_choices(temperature: float, implementation: str, compat: str | None) -> None:
    require_above_zero(temperature=temperature)
    check_choice("implementation", implementation, get_args(Implementation))
    if compat is not None:
        check_choice("compat", compat, ("diffbio",))


def _with_batch(z_ND: Tensor, code_N: Tensor, n_batches: int) -> tuple[Tensor, Tensor]:
    """Cells that have a batch; on a GPU, which would have to wait until they are counted, all."""
    if z_ND.device.type != "cpu":
        return z_ND, code_N
    if (code_N >= n_batches).any():
        raise ValueError(f"batch {int(code_N.max())} is none of the {n_batches} batches")
    keep_N = code_N >= 0
    return (z_ND, code_N) if keep_N.all() else (z_ND[keep_N], code_N[keep_N])


def _near_one(z_ND: Tensor) -> Tensor:
    """The latents in a unit, a power of two, in which neither they nor their slopes leave float32.

    Scaling them changes nothing, and by a power of two not a bit.
    """
    if not z_ND.numel():
        return z_ND
    largest = z_ND.detach().abs().amax()
    power = torch.where(largest.isfinite(), largest, 1.0).frexp().exponent.clamp(-100, 100)
    return z_ND * torch.ldexp(torch.ones_like(largest), -power)  # ldexp has no gradient of its own


def _kernel(
    z_ND: Tensor, n_neighbors: int, temperature: float, implementation: Implementation
) -> Kernel:
    device = z_ND.device.type
    if implementation == "auto":
        large = device == "cpu" and len(z_ND) > _SMALL and find_spec("numba")
        implementation = "numba" if large else "torch"
    if implementation == "torch":
        return TorchKernel(int(n_neighbors), temperature)
    if device != "cpu":
        raise ValueError(f"implementation 'numba' runs on the CPU, not on {device}")
    return NeighborKernel(int(n_neighbors), temperature)


def _scale(batch_NK: Tensor) -> Tensor:
    """-1 / (N H) of N cells whose batches have the entropy H; 0 where all are of one batch."""
    count_K = batch_NK.sum(dim=0)
    count = count_K.sum().clamp(min=1)
    entropy = -torch.xlogy(count_K / count, count_K / count).sum()
    mixed = (count_K > 0).sum() > 1
    inverse = -1.0 / (count * torch.where(mixed, entropy, 1.0))
    return torch.where(mixed | torch.isnan(entropy), inverse, 0.0)


class BatchMixingLoss(nn.Module):
    """`batch_mixing` with its parameters."""

    def __init__(
        self,
        *,
        n_batches: int,
        n_neighbors: int = 15,
        temperature: float = 0.05,
        compat: Literal["diffbio"] | None = None,
        implementation: Implementation = "auto",
    ) -> None:
        super().__init__()
        self.n_batches = n_batches
        self.n_neighbors = n_neighbors
        self.temperature = temperature
        self.compat: Literal["diffbio"] | None = compat
        self.implementation: Implementation = implementation

    def forward(self, z_ND: Tensor, batch_N: Tensor) -> Tensor:
        """Loss of a batch."""
        return batch_mixing(
            z_ND,
            batch_N,
            n_batches=self.n_batches,
            n_neighbors=self.n_neighbors,
            temperature=self.temperature,
            compat=self.compat,
            implementation=self.implementation,
        )
