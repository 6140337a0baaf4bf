"""Compute fba_ecoli_core.tsv.gz: `pip install cobra==0.32.1`, then `python compute.py`.

Flux balance analysis of cobra's `textbook` model (e_coli_core): growth of the wild type, and of all
single, double and triple deletions of 33 genes, relative to the wild type. Genes that no single
or double deletion can tell apart (one complex, one pathway) are one reaction set, of which the
first gene is kept: with two of them, a held-out design would be one that was trained on.
"""

import gzip
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

from cobra import Model
from cobra.io import load_model

TABLE = Path(__file__).with_name("fba_ecoli_core.tsv.gz")
# Two growths that differ by less are the same; the solver's own tolerance is 1e-7.
SAME = 1e-5

Growth = Mapping[frozenset[str], float]


def aerobic_glucose() -> Model:
    """The model with its 10 mmol/gDW/h of glucose, and at most 20 of oxygen."""
    model = load_model("textbook")
    model.reactions.EX_o2_e.lower_bound = -20.0
    return model


def growth(model: Model, knockouts: Iterable[str]) -> float:
    """Largest growth without some genes, 1/h; 0 where none is possible."""
    with model:
        for gene in knockouts:
            model.genes.get_by_id(gene).knock_out()
        return max(0.0, float(model.slim_optimize(error_value=0.0)))


def is_same(first: str, second: str, genes: Iterable[str], known: Growth) -> bool:
    """Whether no single or double deletion tells two genes apart, their own pair included.

    Isozymes are not the same: without both of them something is lost.
    """
    pairs = [((first,), (second,)), ((first, second), (first,))]
    pairs += [((first, g), (second, g)) for g in genes if g not in {first, second}]
    return all(abs(known[frozenset(a)] - known[frozenset(b)]) < SAME for a, b in pairs)


def representatives(genes: Iterable[str], known: Growth) -> list[str]:
    """The first gene of each reaction set."""
    kept: list[str] = []
    for gene in genes:
        if not any(is_same(gene, other, genes, known) for other in kept):
            kept.append(gene)
    return kept


def main() -> None:
    """Compute and write."""
    model = aerobic_glucose()
    wild_type = growth(model, ())
    # s0001 stands for spontaneous reactions; it is no gene.
    genes = sorted(gene.id for gene in model.genes if gene.id.startswith("b"))
    known = {
        frozenset(knockouts): growth(model, knockouts) / wild_type
        for order in (1, 2)
        for knockouts in combinations(genes, order)
    }
    kept = representatives(genes, known)
    lines = ["knockouts\torder\tgrowth"]
    for order in range(4):
        for knockouts in combinations(kept, order):
            value = growth(model, knockouts) / wild_type
            lines.append(f"{'+'.join(knockouts)}\t{order}\t{round(value, 6):g}")
    # No name and no time in the header: the same numbers are the same bytes.
    TABLE.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    print(f"{TABLE}: {len(lines) - 1} designs of {len(kept)} genes")


if __name__ == "__main__":
    main()
