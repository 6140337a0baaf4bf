"""Members that are trained alone or by a group: what each process of the tests runs.

As a program: RANK SIZE FOLDER trains all cases as one process of a group.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import distributed

from service.contract.datasets import CovariateColumn
from tests.worker.tables import (
    CYCLE,
    FITNESS,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from tests.worker.training.genes import chosen, gene_table
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.members import MemberFit
from worker.training.preparation import prepare

PLATE = CovariateColumn(name="plate", role="batch")
PAIRWISE = [
    {"name": name}
    for name in ("mse", "dist", "supcr", "supcon", "infonce", "batch_mixing", "composition")
]
LOSSES = {
    "default": {},
    "compares": {"terms": PAIRWISE},
    "censored": {"terms": [{"name": "tobit"}, {"name": "composition"}, {"name": "l1"}]},
    "gates": {"terms": [{"name": "huber"}, {"name": "supcr"}, {"name": "hard_concrete"}]},
    "uncertainty": {"terms": PAIRWISE, "weighting": "uncertainty"},
    "pcgrad": {"terms": PAIRWISE, "weighting": "pcgrad"},
}
CASES = {name: {"loss": loss} for name, loss in LOSSES.items()} | {
    "gene_graph": {
        "model": {"kind": "gene_graph", "latent_dim": 8, "hidden_dim": 8},
        "genes": {"gene_table_id": "genes-1", "networks": [{"name": "ring"}]},
    },
    "few_rows": {"batch_size": 2, "epochs": 1},
}


def table_of(folder):
    """Fifty-seven rows, an odd number; two labels, some missing."""
    designs = random_designs(57)
    values = log_titer(designs)
    fitness = np.exp(0.2 * (values - 4))
    fitness[5:15] = np.nan
    return write_table(
        folder / "t.parquet",
        designs,
        label__titer=np.exp(values),
        label__fitness=fitness,
        covariate__cycle=[str(i % 3) for i in range(len(designs))],
        covariate__plate=[str(i % 2) for i in range(len(designs))],
    )


def fit(path, case):
    """Terms and metrics of each epoch, and the weights at the end."""
    values = {
        "labels": [{"name": "titer"}, {"name": "fitness"}],
        "model": {
            "kind": "perturbation_set",
            "latent_dim": 8,
            "hidden_dim": 8,
            "head": "mlp",
            "dropout": 0.3,
        },
        "split": {"kind": "none"},
        "epochs": 3,
        "ensemble_size": 1,
    }
    spec = small_spec(**(values | CASES[case]))
    genes = None if spec.genes is None else chosen(gene_table())
    data = prepare(spec, read_table(path), [TITER, FITNESS], [CYCLE, PLATE], genes)
    member = MemberFit(fit_task(data, spec, spec.model, torch.device("cpu")), 0)
    # In float32 Adam makes a step of the rounding error of a gradient that is nearly 0.
    member.net.double()
    member.loss.double()
    with torch.no_grad():  # off the kink of sizes at 0, on whose sides rounding would put it
        member.net.reference_D += 0.01
    told = []
    while not member.is_done:
        member.run_epoch(lambda: False)
        terms, metrics = member.finish_epoch()
        told.append(terms | metrics)
    learned = {f"loss.{k}": v for k, v in member.loss.state_dict().items()}
    return told, dict(member.net.state_dict()) | learned


def _main(rank, size, folder):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder / 'store'}",
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=60),
    )
    for case in CASES:
        told, weights = fit(folder / "t.parquet", case)
        save_file({k: v.contiguous() for k, v in weights.items()}, folder / f"{case}.{rank}")
        (folder / f"{case}.{rank}.json").write_text(json.dumps(told))
    distributed.destroy_process_group()


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
