"""PCGrad: take from each term's gradient what opposes another term.

Source: Yu et al. 2020, "Gradient Surgery for Multi-Task Learning" (arXiv 2001.06782), algorithm 1.
What differs here: the terms come weighted, and a gradient of 0 opposes nothing.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.losses.gather import average


def project(gradient_TP: Tensor, generator: torch.Generator) -> Tensor:
    """Sum of the gradients, each projected onto the normal plane of those it opposes: [P].

    Each term meets the others in an order drawn from `generator` (on the CPU), and is compared
    with their gradients as they were given.

    Laws: without a negative cosine it is the plain sum; two opposed terms end orthogonal, each to
    the other's gradient; exactly opposite ones cancel; the length of the gradient that a term is
    projected against does not matter.

    Raises:
        ValueError: not [T, P].
    """
    if gradient_TP.ndim != 2:
        raise ValueError(f"gradients have to be [T, P], not {tuple(gradient_TP.shape)}")
    square_T = gradient_TP.square().sum(dim=1)
    square_T = torch.where(square_T > 0, square_T, torch.ones_like(square_T))
    projected = []
    for term, gradient_P in enumerate(gradient_TP):
        own_P = gradient_P
        for other in torch.randperm(len(gradient_TP), generator=generator).tolist():
            if other != term:
                share = (own_P @ gradient_TP[other]).clamp(max=0) / square_T[other]
                own_P = own_P - share * gradient_TP[other]
        projected.append(own_P)
    return torch.stack(projected).sum(dim=0)


def pcgrad_backward(
    values: Sequence[Tensor], parameters: Sequence[nn.Parameter], generator: torch.Generator
) -> None:
    """Set the gradient of the parameters from weighted terms; one backward pass a term.

    Parameters that no term sees get none, as after `backward`. Gradients are set, not added to.
    """
    found = [
        torch.autograd.grad(value, list(parameters), retain_graph=True, allow_unused=True)
        for value in values
        if value.requires_grad
    ]
    for parameter in parameters:
        parameter.grad = None
    # By parameter: its gradient from each term, where any term sees it.
    seen = [
        (p, [torch.zeros_like(p) if grad is None else grad for grad in grads])
        for p, grads in zip(parameters, zip(*found, strict=True), strict=False)
        if any(grad is not None for grad in grads)
    ]
    if not seen:
        return
    gradient_TP = torch.cat([torch.stack(grads).flatten(1) for _, grads in seen], dim=1)
    average([gradient_TP])  # opposed is what the whole batch opposes, not one process's part of it
    parts = torch.split(project(gradient_TP, generator), [p.numel() for p, _ in seen])
    for (parameter, _), part in zip(seen, parts, strict=True):
        parameter.grad = part.view_as(parameter).clone()
