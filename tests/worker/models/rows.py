"""Observations for the models that are fitted at once, from genotypes and labels."""

from dataclasses import replace

import numpy as np

from service.contract.designs import parse_genotype
from worker.models.encoding import EditIndex
from worker.models.observations import KnownGenes, observations

LOCI = "abcdefgh"


def deletions(text):
    """A design from letters: "ab" deletes a and b."""
    return parse_genotype("+".join(f"{locus}:deletion" for locus in text))


def index_of(designs):
    return EditIndex.of(designs)


def known_genes(edit_count, rank=4, seed=0):
    """Features, coordinates and genes of edits, drawn; every edit is of a gene of its own."""
    rng = np.random.default_rng(seed)
    return KnownGenes(
        rng.normal(size=(edit_count, 3)),
        rng.normal(size=(edit_count, rank)),
        np.arange(edit_count),
    )


class Rows:
    """Observations of some designs, and a way to ask for others by the same names."""

    def __init__(self, designs, labels, weights=None, seed=0, loci=LOCI):
        self.designs = [
            deletions(d) if d.isalpha() or not d else parse_genotype(d) for d in designs
        ]
        self.index = EditIndex(
            sorted({f"{x}:deletion" for x in loci} | {e.key for d in self.designs for e in d.edits})
        )
        self.labels = np.array(labels, dtype=np.float64)
        self.rows = observations(
            self.index.encode(self.designs),
            self.labels,
            None if weights is None else np.array(weights, dtype=np.float64),
            edit_count=len(self.index),
            seed=seed,
        )

    def with_genes(self):
        """The observations, with what is known of the genes."""
        return replace(self.rows, genes=known_genes(self.rows.edit_count))

    def parsed(self, design):
        return deletions(design) if design.isalpha() or not design else parse_genotype(design)

    def ask(self, model, *designs):
        parsed = [self.parsed(design) for design in designs]
        return model.predict(self.index.encode(parsed))


def random_rows(count=120, orders=(0, 1, 2, 3), seed=0, levels=False):
    """Designs with additive effects, one interaction and noise; above 0."""
    rng = np.random.default_rng(seed)
    designs, labels = [""], [1.0]
    effect = dict(zip(LOCI, rng.normal(0, 0.2, len(LOCI)), strict=True))
    for _ in range(count - 1):
        chosen = sorted(rng.choice(list(LOCI), rng.choice(orders), replace=False))
        level = [f"@{rng.choice([0, 0.25, 0.5])}" if levels else "" for _ in chosen]
        kind = "knockdown" if levels else "deletion"
        designs.append("+".join(f"{x}:{kind}{a}" for x, a in zip(chosen, level, strict=True)))
        value = sum(effect[x] for x in chosen) + 0.4 * ({"a", "b"} <= set(chosen))
        labels.append(float(np.exp(value + rng.normal(0, 0.05))))
    return Rows(designs, labels, seed=seed)
