"""The names of a pool's spec, read against a model's vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.contract.designs import Design, Edit
from service.contract.errors import InvalidDesignError
from service.contract.search import AllowedEdits, Pool
from worker.latent.algebra import effect
from worker.search.names import Places, Problems, Vocabulary, covers


@dataclass(frozen=True)
class PoolNames:
    """The names of a pool's spec, read."""

    edits: tuple[Edit, ...] | None
    loci: frozenset[str] | None
    allowed: dict[str | None, AllowedEdits]
    fixed: tuple[Edit, ...]
    avoided: tuple[str | Edit, ...]
    pairs: tuple[tuple[str | Edit, str | Edit], ...]
    background: frozenset[Edit]

    @classmethod
    def of(
        cls, spec: Pool, known: Vocabulary, problems: Problems, background: str = ""
    ) -> "PoolNames":
        edits = None if spec.edits is None else _edits(spec.edits, "pool.edits", known, problems)
        for i, locus in enumerate(spec.loci or ()):
            known.is_locus(locus, f"pool.loci[{i}]", problems)
        for i, rule in enumerate(spec.allowed):
            if rule.locus is not None:
                known.is_locus(rule.locus, f"pool.allowed[{i}].locus", problems)
        parent = _edits(background.split("+") if background else (), "background", known, problems)
        fixed = _edits(spec.must_include, "pool.must_include", known, problems)
        for edit in set(parent) & set(fixed):
            text = f"{edit} is in the background, and need not be included"
            problems.add("pool.must_include", text, edit)
        avoided = [
            known.named(text, f"pool.must_avoid[{i}]", problems)
            for i, text in enumerate(spec.must_avoid)
        ]
        return cls(
            edits=edits,
            loci=None if spec.loci is None else frozenset(spec.loci),
            allowed={rule.locus: rule for rule in spec.allowed},
            fixed=tuple(sorted({*parent, *fixed}, key=canonical)),
            avoided=tuple(name for name in avoided if name is not None),
            pairs=_pairs(spec.forbidden_pairs, known, problems),
            background=frozenset(parent),
        )


def canonical(edit: Edit) -> tuple[tuple[str, str, str, str], float]:
    """What edits are sorted by: as in a genotype, then by level."""
    return edit.order_key, -np.inf if edit.level is None else edit.level


def _edits(
    texts: Sequence[str], where: str, known: Vocabulary, problems: Problems
) -> tuple[Edit, ...]:
    found: dict[Edit, None] = {}
    for i, text in enumerate(texts):
        edit = known.edit(text, f"{where}[{i}]", problems)
        if edit is None:
            continue
        if effect(edit.kind, edit.level) == 0:
            message = f"{edit} has no effect: it leaves the locus as it is in the reference"
            problems.add(f"{where}[{i}]", message, text)
        found[edit] = None
    return tuple(found)


def _pairs(
    pairs: Sequence[tuple[str, str]], known: Vocabulary, problems: Problems
) -> tuple[tuple[str | Edit, str | Edit], ...]:
    found = []
    for i, pair in enumerate(pairs):
        where = f"pool.forbidden_pairs[{i}]"
        first, second = (known.named(text, where, problems) for text in pair)
        if first is None or second is None:
            continue
        if first == second and isinstance(first, Edit):
            problems.add(where, f"it names {first} twice: must_avoid forbids one edit", pair[0])
        found.append((first, second))
    return tuple(found)


def check_fixed(names: PoolNames, problems: Problems) -> None:
    """Note whether the edits to include can stand in one design, beside what is not to be there."""
    where = "pool.must_include"
    for edit in names.fixed:
        avoided = [str(name) for name in names.avoided if covers(name, edit)]
        if avoided and edit not in names.background:
            problems.add(where, f"{edit} is in must_avoid, too (as {avoided[0]})", edit)
    for i, first in enumerate(names.fixed):
        for second in names.fixed[i + 1 :]:
            try:
                Design.of([first, second])
            except InvalidDesignError as error:
                problems.add(where, error.detail, first)
    places = Places(names.fixed)
    for pair in names.pairs:
        firsts, seconds = (places.of(name) for name in pair)
        clash = next(((a, b) for a in firsts for b in seconds if a != b), None)
        if clash is not None:
            one, other = (names.fixed[place] for place in clash)
            text = f"every design holds both {one} and {other}, and they are a forbidden pair"
            problems.add(where, text, one)
