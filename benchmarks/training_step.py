"""What each term of the composite loss adds to a training step of `perturbation_set`.

    python benchmarks/training_step.py [--quick] [--out benchmarks/results]

A step is forward, loss, backward, clipping and AdamW. The losses take turns within a round; times
are medians of the rounds, ratios medians of the ratios to MSE alone within a round.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from service.contract.latent_models import PerturbationSetSpec
from service.contract.losses import (  # the repository need not be installed
    CompositionTerm,
    DistTerm,
    LossSpec,
    MseTerm,
    SupcrTerm,
)
from worker.losses.composite import CompositeLoss, LossContext, LossInputs
from worker.losses.pseudo_labels import inverse_cdfs
from worker.models.encoding import DesignBatch
from worker.models.perturbation_set import PerturbationSet

LOCI, DIMS, ORDER, LABELS = 6000, 128, 3, 2
ROWS, QUICK_ROWS = 4096, 512
TRAINING_ROWS = 100_000
LOSSES = {
    "mse": LossSpec(terms=(MseTerm(),)),
    "mse + dist": LossSpec(terms=(MseTerm(), DistTerm())),
    "mse + composition": LossSpec(terms=(MseTerm(), CompositionTerm())),
    "mse + supcr": LossSpec(terms=(MseTerm(), SupcrTerm())),
    "composite": LossSpec(),
}


class Data:
    """Random designs of one to three deletions with two labels, 10 % of them missing."""

    def __init__(self, rows: int, device: torch.device) -> None:
        draw = torch.Generator().manual_seed(0)
        edit_BP = torch.randint(1, LOCI + 1, (rows, ORDER), generator=draw)
        size_B1 = torch.randint(1, ORDER + 1, (rows, 1), generator=draw)
        edit_BP[torch.arange(ORDER) >= size_B1] = 0
        self.designs = DesignBatch(edit_BP, (edit_BP > 0).float()).to(device, torch.float32)
        labels_BY = torch.randn(rows, LABELS, generator=draw, dtype=torch.float64)
        labels_BY[torch.rand(rows, LABELS, generator=draw) < 0.1] = torch.nan
        self.labels_BY = labels_BY.to(device)
        columns = torch.randn(LABELS, TRAINING_ROWS, generator=draw, dtype=torch.float64)
        cdfs = inverse_cdfs([*columns.sort().values], rule="quantile", batch_size=rows)
        self.context = LossContext([cdf.to(device) for cdf in cdfs], latent_dim=DIMS)


def stepper(loss_spec: LossSpec, data: Data, device: torch.device) -> Callable[[], None]:
    """One training step, with a model of its own."""
    spec = PerturbationSetSpec(latent_dim=DIMS)
    draw = torch.Generator().manual_seed(0)
    net = PerturbationSet(spec, edit_count=LOCI, measure_orders=[0] * LABELS, generator=draw)
    net.to(device)
    loss = CompositeLoss(loss_spec, data.context).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    dropout = torch.Generator(device).manual_seed(0)
    edited_B = (data.designs.edit_BP > 0).any(dim=1)

    def step() -> None:
        read = net(data.designs, dropout)
        inputs = LossInputs(
            read.compose_BY,
            read.intact_BY,
            data.labels_BY,
            read.z_W_D,
            read.z_P_BD,
            read.z_I_BD,
            edited_B,
        )
        optimizer.zero_grad()
        loss.backward(inputs, list(net.parameters()), draw)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return step


def seconds(work: Callable[[], None]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(rows: int, rounds: int, device: torch.device) -> str:
    """Measure and print; returns what was printed."""
    data = Data(rows, device)
    steps = {name: stepper(spec, data, device) for name, spec in LOSSES.items()}
    head = hardware()
    for step in steps.values():
        step()  # compiled and allocated
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            found[name].append(seconds(step))
    lines = [
        "# A training step of perturbation_set",
        "",
        head,
        f"{LOCI:,} loci, D = {DIMS}, a batch of {rows:,} designs of one to {ORDER} edits, {LABELS} "
        f"labels with 10 % missing, float32, on {device.type}. Medians of {rounds} rounds.",
        "",
        "| loss | ms a step | over mse alone |",
        "|:--|--:|--:|",
    ]
    for name, values in found.items():
        ratio = median(a / b for a, b in zip(values, found["mse"], strict=True))
        lines.append(f"| {name} | {1000 * median(values):.3g} | {ratio - 1:+.0%} |")
    if device.type != "cuda":
        lines.append("| composite, on a GPU | not measured | not measured |")
    print("\n".join(lines))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"a batch of {QUICK_ROWS}")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="a folder for the table")
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    text = report(QUICK_ROWS if options.quick else ROWS, options.rounds, device)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "training_step.md").write_text(text)


if __name__ == "__main__":
    main()
