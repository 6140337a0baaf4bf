"""`compile: true`: the layers of a network as torch.compile makes them."""

import os
import shutil
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from service.contract.errors import FailedPreconditionError
from worker.models.latent_network import LatentNetwork

_COMPILERS = ("g++", "clang++", "c++")


def require_compiler() -> None:
    """Refuse before any work what torch.compile would fail at in the first step.

    Raises:
        FailedPreconditionError: this worker has no C++ compiler.
    """
    named = os.environ.get("CXX")
    wanted = _COMPILERS if named is None else (named,)
    if not any(shutil.which(name) for name in wanted):
        raise FailedPreconditionError(
            f"compile: this worker has no C++ compiler ({' or '.join(wanted)}): install one, name "
            "one in CXX, or train without compile"
        )


def compile_layers(net: LatentNetwork) -> None:
    """Compile the states and the head of a network, which stays what it is to everybody else.

    The rest of a step draws from generators, which are not compiled. Sizes of batches vary by one
    row, so that they are left open.

    Raises:
        FailedPreconditionError: this worker has no C++ compiler.
    """
    require_compiler()
    compiled: Callable[..., tuple[Tensor, Tensor]] = torch.compile(net.states, dynamic=True)

    def states(*given: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        # Results of one compiled function look as if each were computed from the others.
        z_P_BD, z_I_BD = compiled(*given)
        return z_P_BD.view_as(z_P_BD), z_I_BD.view_as(z_I_BD)

    net.states = states  # type: ignore[assignment, method-assign]
    net.head.forward = torch.compile(net.head.forward, dynamic=True)  # type: ignore[method-assign]
