"""Training a member of a network, beside a bare PyTorch loop over the same network and batches."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.throughput_rows.data import LABEL, made_genes, spec_of
from benchmarks.throughput_rows.timing import in_turn
from worker.data.table import read_table
from worker.losses.mse import mse
from worker.training.ensemble import fit_task
from worker.training.fit_task import FitTask, new_network
from worker.training.members import MemberFit
from worker.training.preparation import prepare


def our_epoch(task: FitTask) -> Callable[[], object]:
    """An epoch as a job runs it, asked twice a second whether to stop."""
    fit = MemberFit(task, 0)

    def epoch() -> None:
        fit.progress.step = 0
        fit.run_epoch(lambda: False)

    return epoch


def bare_epoch(task: FitTask) -> Callable[[], object]:
    """Forward, loss, backward, clipping and a step, and nothing else, on the same batches."""
    net = new_network(task, 0)
    rows = torch.nonzero(task.trained_MN[0]).flatten()
    count = -(-len(rows) // task.spec.batch_size)
    batches = torch.tensor_split(rows[torch.randperm(len(rows))], count)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    dropout = torch.Generator().manual_seed(0)

    def epoch() -> None:
        for batch in batches:
            step(batch)

    def step(batch: Tensor) -> None:
        read = net(task.designs.rows(task.design_N[batch]), dropout)
        label_BY = task.label_NY[batch]
        readings = (read.compose_BY, read.intact_BY)
        loss = 0.5 * sum(mse(reading, label_BY) for reading in readings)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return epoch


def train_row(path: Path, kind: str, batch_size: int, rounds: int) -> str:
    """Training designs per second of one member."""
    spec = spec_of(kind, batch_size=batch_size)
    data = prepare(spec, read_table(path), [LABEL], (), made_genes(kind))
    task = fit_task(data, spec, spec.model, torch.device("cpu"))
    trained = int(task.trained_MN[0].sum())
    ours, bare, ratio = in_turn(our_epoch(task), bare_epoch(task), rounds)
    return (
        f"| {kind}, batches of {batch_size} | {trained / ours:,.0f} | "
        f"{trained / bare:,.0f} | {ratio - 1:+.1%} |"
    )
