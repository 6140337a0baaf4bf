"""The additive model as the start of a network that nests it."""

from collections.abc import Sequence

import numpy as np
import torch

from worker.models.additive import Floats, RidgeFit
from worker.models.latent_network import LatentNetwork
from worker.models.saturation import SIZE_UNIT, SaturatingFit, Saturation

Fit = RidgeFit | SaturatingFit | None


def _ridge(fit: Fit) -> RidgeFit | None:
    return fit.ridge if isinstance(fit, SaturatingFit) else fit


def _weights(fit: RidgeFit) -> Floats:
    return fit.weight_E if fit.weight_F is None else fit.weight_F


@torch.no_grad()
def start_from_ridge(net: LatentNetwork, fits: Sequence[Fit]) -> None:
    """Set shifts and bias so that both readings of a fresh network are the ridge regressions'.

    Every head starts linear and the attention at zero, so that h(z_W + sum of shifts) is additive
    in the edits: the part of each shift that the head sees is replaced by the ridge weight, the
    rest keeps its small random start. What training adds is then the interaction. With few rows an
    edit, a random start is noise that no step count removes. A head that saturates starts with the
    steps and exponents of its fits.

    A label without a fit (an interaction score has no main effects) starts at 0. Where shifts are
    projected features, the fits are of summed features, and it is the projection that is set.
    """
    if net.head.saturation is not None and net.genes is None:
        _start_sizes(net, net.head.saturation, fits)
    weight_YD = net.head.linear.weight
    inverse_DY = torch.linalg.pinv(weight_YD)
    started_ED = net.shift_ED[1:] if net.genes is None else net.genes.projection_FD
    ridges = [_ridge(fit) for fit in fits]
    rows = [np.zeros(len(started_ED)) if fit is None else _weights(fit) for fit in ridges]
    target_EY = torch.from_numpy(np.stack(rows, axis=1)).to(weight_YD)
    seen_EY = started_ED @ weight_YD.T
    started_ED += (target_EY - seen_EY) @ inverse_DY.T
    intercepts = [0.0 if fit is None else fit.intercept for fit in ridges]
    reference_Y = weight_YD @ net.reference_D
    intercept_Y = torch.tensor(intercepts, dtype=torch.float64).to(weight_YD)
    net.head.linear.bias.copy_(intercept_Y - reference_Y)
    net.align_encoders()


def _start_sizes(net: LatentNetwork, saturation: Saturation, fits: Sequence[Fit]) -> None:
    """The last dimension counts edits; the linear part is blind to it, and 0 at the reference."""
    weight_YD = net.head.linear.weight
    weight_YD[:, -1] = 0.0
    net.shift_ED[1:, -1] = SIZE_UNIT
    net.reference_D[-1] = 0.0
    seen_D = torch.linalg.pinv(weight_YD) @ (weight_YD @ net.reference_D)
    net.reference_D.sub_(seen_D)
    for y, fit in enumerate(fits):
        if isinstance(fit, SaturatingFit):
            saturation.exponent_Y[y] = fit.exponent
            saturation.step_YK[y] = torch.from_numpy(fit.step_K).to(weight_YD)
