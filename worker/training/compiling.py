"""`compile: true`: the layers of a network as torch.compile makes them."""

import os
import shutil

import torch

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
    net.states = torch.compile(net.states, dynamic=True)  # type: ignore[method-assign]
    net.head.forward = torch.compile(net.head.forward, dynamic=True)  # type: ignore[method-assign]
