"""Penalties of paths: what can reach an output from an input, through any of the layers.

A path from an input to an output takes one entry of each layer; its strength is their product.

Source: PathReg, Aliee et al. 2022, "Sparsity in Continuous-Depth Neural Networks" (arXiv
2210.14672), and the C-NODE penalty, Aliee, Theis and Kilbertus 2021 (arXiv 2106.12430). What
differs here: gates may be per weight; and no matrix of inputs by outputs is made, the sum is
taken layer by layer from the outputs, O(weights) in time and memory.

Trap: with gates per input unit (as published) the sum over paths is the same for every output:
whole inputs can be cut, single input-output pairs cannot. Gates per weight can do both.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn

from worker.losses.columns import require_floats, widened


def _checked(layers: Sequence[Tensor], *, ndims: tuple[int, ...]) -> list[Tensor]:
    """Sizes in the widest type of all layers, half precision as float32; they fit together.

    Raises:
        ValueError: they do not, or one is not floating point; the first layer that is wrong is
            named.
    """
    if not layers:
        raise ValueError("a path needs at least one layer")
    shapes = ", ".join(str(tuple(layer.shape)) for layer in layers)
    for place, layer in enumerate(layers, start=1):
        require_floats(layer, f"entries of layer {place}")
        if layer.ndim not in ndims:
            wanted = " or ".join("[I, O]" if ndim == 2 else "[I]" for ndim in ndims)
            raise ValueError(f"layer {place} has to be {wanted}; the layers are {shapes}")
    for place, (layer, behind) in enumerate(pairwise(layers), start=1):
        if layer.ndim == 2 and layer.shape[1] != len(behind):
            raise ValueError(
                f"layer {place} has {layer.shape[1]} outputs and layer {place + 1} has "
                f"{len(behind)} inputs; the layers are {shapes}"
            )
    dtype = _dtype([widened(layer) for layer in layers])
    return [layer.to(dtype).abs() for layer in layers]


def _dtype(layers: Sequence[Tensor]) -> torch.dtype:
    return reduce(torch.promote_types, [layer.dtype for layer in layers])


def _mean_strength(layers: Sequence[Tensor], *, ndims: tuple[int, ...]) -> Tensor:
    """Mean over inputs and outputs of the summed strength of all paths between them."""
    size_IO, *before = reversed(_checked(layers, ndims=ndims))
    # Of a unit's gate, all outputs are the same: their mean is the gate itself.
    reach_I = size_IO if size_IO.ndim == 1 else size_IO.sum(dim=1) / max(size_IO.shape[1], 1)
    for layer in before:
        reach_I = layer @ reach_I if layer.ndim == 2 else layer * reach_I.sum()
    return (reach_I.sum() / max(len(reach_I), 1)).to(_dtype(layers))


def path_reg(gates: Sequence[Tensor]) -> Tensor:
    """Mean over inputs and outputs of |M_1| |M_2| ... |M_L|: how many paths are open.

    Args:
        gates: of each layer, in the order of the layers: of its input units [I], or of its
            weights [I, O]; drawn by `gate_samples`, in 0..1 (not looked at). A gate of a unit is
            that of all weights behind the unit.

    Returns:
        A scalar, dimensionless, in the type of the gates (half precision is computed in float32);
        0, with a graph, where there is no input or no output.

    Laws: 0 exactly where every path is closed; with all gates 1, the number of paths between an
    input and an output; unit gates give mean(z_1) sum(z_2) ... sum(z_L).

    Raises:
        ValueError: no layer, layers that do not fit together, or gates that are not floating
            point.
    """
    return _mean_strength(gates, ndims=(1, 2))


def c_node(weights: Sequence[Tensor]) -> Tensor:
    """Mean over inputs and outputs of |W_1| |W_2| ... |W_L|: the summed strength of all paths.

    It bounds the mean size of the derivatives of the outputs by the inputs, where no activation
    is steeper than 1. There are no exact zeros.

    Args:
        weights: of each layer, in the order of the layers, [I, O]; of a `torch.nn.Linear` that is
            `weight.T`.

    Returns:
        A scalar in the product of the weights' units and their type (half precision is computed
        in float32); 0, with a graph, where there is no input or no output.

    Laws: 0 exactly where no path is left; scaling what enters a unit by c and what leaves it by
    1 / c changes nothing; of one layer it is `l1`.

    Raises:
        ValueError: no layer, layers that do not fit together, or weights that are not floating
            point.
    """
    return _mean_strength(weights, ndims=(2,))


@torch.no_grad()
def path_matrix(layers: Sequence[Tensor], outputs: int | None = None) -> Tensor:
    """Summed strength of the paths from each input to each output, [I, O].

    For a report: the share of entries that are 0 says how sparse the inputs are.

    Args:
        layers: gates or weights as in `path_reg` and `c_node`.
        outputs: how many there are, where the last layer has gates per unit.

    Raises:
        ValueError: as `path_reg`; or the number of outputs is missing, or another one.
    """
    *before, last = _checked(layers, ndims=(1, 2))
    if last.ndim == 1 and outputs is not None:
        last = last[:, None].expand(-1, outputs)
    if last.ndim == 1 or (outputs is not None and last.shape[1] != outputs):
        raise ValueError(f"{outputs} outputs for a last layer of {tuple(layers[-1].shape)}")
    reach_IO = last
    for layer in reversed(before):
        inner_IO = reach_IO if layer.ndim == 2 else reach_IO.sum(dim=0, keepdim=True)
        reach_IO = layer @ inner_IO if layer.ndim == 2 else layer[:, None] * inner_IO
    return reach_IO.to(_dtype(layers))


class PathRegLoss(nn.Module):
    """`path_reg`, which has no parameters."""

    def forward(self, gates: Sequence[Tensor]) -> Tensor:
        """Penalty of the gates of all layers."""
        return path_reg(gates)


class CNodeLoss(nn.Module):
    """`c_node`, which has no parameters."""

    def forward(self, weights: Sequence[Tensor]) -> Tensor:
        """Penalty of the weights of all layers."""
        return c_node(weights)
