"""Refusal of a z_P with which the composition loss says nothing.

The loss constrains a model only where z_P is encoded from the edits alone. Two definitions found
in published code make it empty or harmful, whatever the data:

* z_P := z_I - z_W: the residual is 0;
* z_P := z_W - z_I: the loss is 4 mean((z_W - z_I)^2), which draws every strain onto the reference.
"""

import torch
from torch import Tensor
from torch.autograd.graph import Node

# Residual of the fit over the length of what is fitted; float32 differences reach 1e-6.
_LINEAR_SHARE = 1e-5


class DegenerateCompositionError(ValueError):
    """z_P is a function of z_W and z_I: composing them is no constraint."""


def _node(z: Tensor) -> Node | None:
    """The place of a tensor in the graph; leaves have one behind any view of theirs."""
    if z.grad_fn is not None or not z.requires_grad:
        return z.grad_fn
    view = z.view_as(z).grad_fn
    return None if view is None else view.next_functions[0][0]


def is_computed_from(z: Tensor, other: Tensor) -> bool:
    """Whether the graph of `z` passes through `other`. Reads no value: no host sync."""
    if z is other:
        return True
    goal, start = _node(other), _node(z)
    seen: set[Node] = set()
    waiting = [start] if goal is not None and start is not None else []
    while waiting:
        node = waiting.pop()
        if node is goal:
            return True
        if node not in seen:
            seen.add(node)
            waiting.extend(behind for behind, _ in node.next_functions if behind is not None)
    return False


def refuse_computed(z_P_BD: Tensor, z_I_BD: Tensor) -> None:
    """Refuse a z_P that was computed from z_I, as far as the graph shows it.

    Cheap enough for every step. What has no graph (detached, or under `no_grad`) passes: see
    `refuse_linear`.

    Raises:
        DegenerateCompositionError: z_P was computed from z_I.
    """
    if is_computed_from(z_P_BD, z_I_BD):
        raise DegenerateCompositionError(
            "z_P is computed from z_I, so that composing them is no constraint: encode z_P from "
            "the edits alone"
        )


def _share(error: Tensor, z_P_BD: Tensor) -> float:
    return float(error.norm() / z_P_BD.norm())


def _is_any_linear(z_P_BD: Tensor, z_I_BD: Tensor) -> bool:
    """Whether some matrix and offset take z_I to z_P; too few designs cannot tell."""
    rows, dim = z_I_BD.shape
    if rows < 2 * (dim + 1):
        return False
    known = torch.cat([torch.ones_like(z_I_BD[:, :1]), z_I_BD], dim=1)
    # gelsd: of deficient rank where all strains share a direction.
    found = torch.linalg.lstsq(known.cpu(), z_P_BD.cpu(), driver="gelsd").solution
    return _share(z_P_BD.cpu() - known.cpu() @ found, z_P_BD.cpu()) < _LINEAR_SHARE


@torch.no_grad()
def refuse_linear(z_W_D: Tensor, z_P_BD: Tensor, z_I_BD: Tensor) -> None:
    """Refuse a z_P whose values are a linear function of z_W and z_I over these designs.

    For a new encoder, once before it is trained: it waits for the device. Any linear function is
    seen from 2 (D + 1) designs on, the two differences from two on. Do not ask it of
    `perturbation_set`, which starts at z_I = z_W + z_P on purpose and learns what to add.

    Args:
        z_W_D: latent of the reference, [D] or [1, D].
        z_P_BD: sum of shifts.
        z_I_BD: latent of the edited strain.

    Raises:
        DegenerateCompositionError: it is; the message says which function.
    """
    z_P_BD = z_P_BD.double()
    change_BD = z_I_BD.double() - z_W_D.double()
    if len(z_P_BD) < 2 or not bool(z_P_BD.any()):
        return
    if _share(change_BD - z_P_BD, z_P_BD) < _LINEAR_SHARE:
        raise DegenerateCompositionError(
            "z_P = z_I - z_W for every design: the composition residual is 0 whatever the data"
        )
    if _share(change_BD + z_P_BD, z_P_BD) < _LINEAR_SHARE:
        raise DegenerateCompositionError(
            "z_P = z_W - z_I for every design: the composition loss is 4 mean((z_W - z_I)^2) and "
            "draws every strain onto the reference"
        )
    if _is_any_linear(z_P_BD, z_I_BD.double()):
        raise DegenerateCompositionError(
            f"z_P is a linear function of z_W and z_I over {len(z_P_BD)} designs: the composition "
            "loss constrains that function, not the encoders"
        )
