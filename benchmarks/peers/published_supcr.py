"""Four ways to compute SupCR, as fixed peers for benchmarks: what was published, stated here without its clamp's side effects.

All take z_P and z_I ``[N, d]`` and labels ``[N, Y]`` with NaN, use cosine similarity at temperature ``tau``, sum the two
views and average the label columns that have at least two labels.

loop          the formula, one (i, j) pair at a time: O(N^3) work, O(N^2) memory
broadcast     an N x N x N indicator: O(N^3) work and memory
row_sort      one Python step an anchor: sort, suffix sum, searchsorted: O(N^2 log N)
logcumsumexp  the loop-free, overflow-safe form: sort every row at once, reversed logcumsumexp: O(N^2 log N), O(N^2) memory
The first three let the anchor into the denominator when labels tie (as published); the last one never does.

loop, broadcast and row_sort restate the three implementations of WeightedSupCRLoss published with torchcell
(https://github.com/Mjvolk3/torchcell, MIT licence). A fixed peer: timings are compared with it, so leave it as it is.
"""

import torch
import torch.nn.functional as F


def _columns(z_p, z_i, labels, tau):
    for column in labels.T:
        ok = ~torch.isnan(column)
        if int(ok.sum()) < 2:
            continue
        y = column[ok]
        gap = (y[None] - y[:, None]).abs()
        yield gap, [(lambda u: u @ u.T / tau)(F.normalize(z[ok], dim=1)) for z in (z_p, z_i)]


def _mean(parts, like):
    return torch.stack(parts).mean() if parts else like.sum() * 0


def loop(z_p, z_i, labels, tau=0.1):
    parts = []
    for gap, sims in _columns(z_p, z_i, labels, tau):
        n, total = len(gap), 0.0
        for s in sims:
            e = s.exp()
            for i in range(n):
                for j in range(n):
                    if i != j:
                        total = total - torch.log(e[i, j] / (e[i] * (gap[i] >= gap[i, j])).sum())
        parts.append(total / (n * (n - 1)))
    return _mean(parts, z_p)


def broadcast(z_p, z_i, labels, tau=0.1):
    parts = []
    for gap, sims in _columns(z_p, z_i, labels, tau):
        n = len(gap)
        off = ~torch.eye(n, dtype=torch.bool, device=gap.device)
        at_least = (gap.unsqueeze(1) >= gap.unsqueeze(2)).to(gap.dtype)
        total = sum((torch.log((s.exp().unsqueeze(1) * at_least).sum(2)) - s)[off].sum() for s in sims)
        parts.append(total / (n * (n - 1)))
    return _mean(parts, z_p)


def row_sort(z_p, z_i, labels, tau=0.1):
    parts = []
    for gap, sims in _columns(z_p, z_i, labels, tau):
        n, total = len(gap), 0.0
        off = ~torch.eye(n, dtype=torch.bool, device=gap.device)
        exps = [s.exp() for s in sims]
        for i in range(n):
            row, order = gap[i].sort()
            at = torch.searchsorted(row, gap[i].contiguous(), side="left")
            for e in exps:
                suffix = e[i][order].flip(0).cumsum(0).flip(0)
                total = total - torch.log(e[i] / suffix[at])[off[i]].sum()
        parts.append(total / (n * (n - 1)))
    return _mean(parts, z_p)


def logcumsumexp(z_p, z_i, labels, tau=0.1):
    parts = []
    for gap, sims in _columns(z_p, z_i, labels, tau):
        n = len(gap)
        eye = torch.eye(n, dtype=torch.bool, device=gap.device)
        row, order = gap.sort(dim=1)
        first = torch.searchsorted(row, row, side="left")
        self_sorted = eye.gather(1, order)
        total = 0.0
        for s in sims:
            sorted_s = s.gather(1, order)
            tail = sorted_s.masked_fill(self_sorted, -torch.inf).flip(1).logcumsumexp(1).flip(1)
            term = tail.gather(1, first) - sorted_s
            total = total + term.masked_fill(self_sorted, 0).sum()
        parts.append(total / (n * (n - 1)))
    return _mean(parts, z_p)
