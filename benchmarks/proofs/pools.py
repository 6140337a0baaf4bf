"""What campaigns are played on: the isoprenol designs that exist, and the oracle."""

from pathlib import Path

import numpy as np

from benchmarks.accuracy_rows.tables import load
from benchmarks.proofs.campaign import ARMS, Floats, Plan, Pool
from benchmarks.proofs.oracle import LABELS, Oracle
from service.contract.designs import parse_genotype
from worker.data.table import DesignTable, read_table

KEPT_SHARE = 0.8
TRIPLES = 20_000
LEAST_GROWTH = 0.5
_TITER = {
    "name": "isoprenol", "kind": "titer", "scale": "log", "unit": "mg/L", "detection_limit": 20,
}  # fmt: skip


def isoprenol_pool(folder: Path | None, work: Path, seed: int) -> Pool:
    """Every design that was built, with its titre in the first cycle that built it.

    A seed draws 80 % of those of more than one edit.
    """
    table = read_table(load("isoprenol", folder, work).table)
    titer_D = _first_titers(table)
    order_D = np.array([design.order for design in table.designs])
    singles, larger = np.flatnonzero(order_D == 1), np.flatnonzero(order_D > 1)
    drawn = np.random.default_rng(seed).permutation(larger)[: round(KEPT_SHARE * len(larger))]
    kept = np.concatenate([singles, np.sort(drawn)])
    return Pool(
        label="isoprenol",
        labels=(_TITER,),
        designs=tuple(table.designs[k] for k in kept),
        values=tuple((float(titer_D[k]),) for k in kept),
        worth_K=titer_D[kept],
        start_S=np.arange(len(singles)),
    )


def _first_titers(table: DesignTable) -> Floats:
    """Mean of each design in its first cycle, in mg/L [D]."""
    cycles = table.covariates["cycle"]
    cycle_N = np.array([int(cycles.values[code]) for code in cycles.code_N])
    first_D = np.full(len(table.designs), np.iinfo(np.int64).max)
    np.minimum.at(first_D, table.design_N, cycle_N)
    is_first_N = cycle_N == first_D[table.design_N]
    design_N, titer_N = table.design_N[is_first_N], table.labels["isoprenol"][is_first_N]
    titer_D: Floats = np.bincount(design_N, weights=titer_N) / np.bincount(design_N)
    return titer_D


def oracle_pool(oracle: Oracle, triples: int, seed: int) -> Pool:
    """All doubles and some triples, drawn evenly; worth is the product of what grows, else 0."""
    count = len(oracle.sets(3))
    drawn = np.random.default_rng(seed).choice(count, size=min(triples, count), replace=False)
    lines = [
        *(row for order in range(3) for row in oracle.rows(order)),
        *oracle.rows(3, np.sort(drawn)),
    ]
    values = tuple(row[1] for row in lines)
    growth_K, product_K = np.array(values, dtype=np.float64).T
    return Pool(
        label="product",
        labels=LABELS,
        designs=tuple(parse_genotype(genotype) for genotype, _ in lines),
        values=values,
        worth_K=np.where(growth_K >= LEAST_GROWTH, np.nan_to_num(product_K), 0.0),
        start_S=np.arange(1 + len(oracle.genes)),
        guard=("growth", LEAST_GROWTH),
    )


def plans(folder: Path | None, work: Path) -> tuple[Plan, ...]:
    """Both campaigns."""
    return (
        Plan("isoprenol", "mg/L", lambda s: isoprenol_pool(folder, work, s), 6, 12, 20, ARMS),
        Plan(
            "oracle",
            "mmol/gDW/h",
            lambda s: oracle_pool(Oracle.read(), TRIPLES, s),
            8,
            24,
            8,
            ARMS,
        ),
    )
