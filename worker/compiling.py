"""Compile ahead what workers would compile as it is first used: `python -m worker.compiling`.

The results lie where NUMBA_CACHE_DIR says. The image of the workers is built with them.
"""

import sys
import time

import torch

from worker.inference.warming import compile_readings
from worker.losses.supcr import supcr
from worker.search.warming import compile_branches


def main() -> None:
    """Compile the code of scores, of branch and bound and of SupCR; say how long each took."""
    for compile_some in (compile_readings, compile_branches, compile_losses):
        begin = time.monotonic()
        compile_some()
        sys.stdout.write(f"{compile_some.__name__}: {time.monotonic() - begin:.1f} s\n")
        sys.stdout.flush()


def compile_losses() -> None:
    """SupCR of a batch that is large enough for compiled code."""
    z_BD = torch.zeros(300, 2, requires_grad=True)
    supcr(z_BD, torch.arange(300)[:, None].float()).backward()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
