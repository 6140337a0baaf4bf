"""Every random draw of a training, derived from the spec's seed and a name for the draw.

There is no generator whose history matters: a run that goes on after a checkpoint draws what an
undisturbed run draws.
"""

from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray


def derived_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for one named draw."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(device: torch.device, seed: int, *names: str | int) -> torch.Generator:
    """A torch generator for one named draw."""
    return torch.Generator(device).manual_seed(derived_seed(seed, *names))


def inner_folds(group_N: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Fold of each observation; a group never straddles two folds, sizes differ by one group."""
    groups, position_N = np.unique(group_N, return_inverse=True)
    rng = np.random.default_rng(derived_seed(seed, "folds"))
    fold_G = np.empty(len(groups), dtype=np.int64)
    fold_G[rng.permutation(len(groups))] = np.arange(len(groups)) % count
    return fold_G[position_N.reshape(-1)]
