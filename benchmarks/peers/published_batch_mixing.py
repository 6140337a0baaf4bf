"""DiffBio's BatchMixingLoss restated in PyTorch, as a fixed peer for benchmarks where DiffBio itself is not installed.

    batch_mixing(z [N, d], batch [N]) -> scalar

All N sorted distances of every cell by NeuralSort, though one is used: O(N^3) work, in chunks of 128 columns whose
intermediates are computed again in backward, as DiffBio does. Only the loop over cells is in Python, where DiffBio has
jax.vmap; JAX's compiler fuses what PyTorch does one operation at a time. Values agree to rounding.

It restates the loss published with DiffBio 0.1.9 (https://github.com/avitai/DiffBio), whose notice is:

MIT License. Copyright (c) 2026 Mahdi Shafiei. Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: the above
copyright notice and this permission notice shall be included in all copies or substantial portions of the Software. The
software is provided "as is", without warranty of any kind, express or implied, including but not limited to the warranties
of merchantability, fitness for a particular purpose and noninfringement. In no event shall the authors or copyright holders
be liable for any claim, damages or other liability, whether in an action of contract, tort or otherwise, arising from, out
of or in connection with the software or the use or other dealings in the software.

A fixed peer: timings are compared with it, so leave it as it is.
"""

import math

import torch
from torch.utils.checkpoint import checkpoint

CHUNK = 128


def _soft_abs_sum(u, chunk, softness):
    apart = u[:, None] - chunk[None, :]
    return (apart * (2 * torch.sigmoid(apart / softness) - 1)).sum(0)


def _sorted(coefficient, u, a, row, softness):
    return torch.softmax(-(coefficient[:, None] * u[None, :] + a[None, :]) / softness, dim=1) @ row


def _neuralsort(row, softness):
    n = len(row)
    u = torch.sigmoid((row - row.mean()) / torch.sqrt(row.var(correction=0) + 1e-6))
    a = torch.cat([checkpoint(_soft_abs_sum, u, c, softness, use_reentrant=False) for c in u.split(CHUNK)])
    coefficient = n + 1 - 2 * torch.arange(1, n + 1, device=row.device, dtype=row.dtype)
    parts = [checkpoint(_sorted, c, u, a, row, softness, use_reentrant=False) for c in coefficient.split(CHUNK)]
    return torch.cat(parts)


def batch_mixing(z, batch, n_neighbors=15, n_batches=3, temperature=1.0):
    square = z.square().sum(1)
    distance = square[:, None] + square[None, :] - 2 * z @ z.T
    distance = distance + torch.eye(len(z), dtype=z.dtype, device=z.device) * 1e10
    weight = torch.softmax(-distance / temperature, dim=1)
    kth = torch.stack([_neuralsort(row, temperature)[n_neighbors - 1] for row in distance])[:, None]
    weight = weight * (1 - torch.sigmoid((distance - kth + 1e-10) / temperature))
    weight = weight / (weight.sum(1, keepdim=True) + 1e-8)
    share = weight @ torch.nn.functional.one_hot(batch, n_batches).to(z.dtype)
    entropy = -(share * torch.log(share + 1e-8)).sum(1)
    return -(entropy / (math.log(n_batches) + 1e-8)).mean()
