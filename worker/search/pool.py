"""The edits that designs are made of, and which of them may stand together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.designs import Design, Edit
from service.contract.errors import InvalidArgumentError, InvalidDesignError
from service.contract.search import AllowedEdits, Pool
from worker.latent.algebra import effect
from worker.models.encoding import DesignBatch
from worker.search.exclusions import together
from worker.search.names import Places, Problems, Vocabulary, covers

# Which pairs may stand together is a table of so many by so many: 400 MB.
MAX_EDITS = 20_000

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class EditPool:
    """Edits to choose among, in canonical order, and `fixed` ones that every design holds.

    Of the fixed ones, those of the `background` do not count in the order of a design.
    `place_N` and `effect_N` are those of a `DesignBatch`; `together_NN` says which pairs may stand
    in one design. Every edit of the pool may stand beside the fixed ones.
    """

    edits: tuple[Edit, ...]
    fixed: tuple[Edit, ...]
    place_N: Codes
    effect_N: Floats
    fixed_place_F: Codes
    fixed_effect_F: Floats
    together_NN: Flags
    background: frozenset[Edit] = frozenset()

    def __len__(self) -> int:
        return len(self.edits)

    @cached_property
    def has_exclusions(self) -> bool:
        """Whether some two edits may not stand together."""
        return int(self.together_NN.sum()) < len(self) * (len(self) - 1)

    @property
    def included_count(self) -> int:
        """Fixed edits that count in the order of a design."""
        return len(self.fixed) - len(self.background)

    def design(self, places: Iterable[int]) -> Design:
        """The design of some edits of the pool and the fixed ones."""
        return Design.of([*self.fixed, *(self.edits[place] for place in places)])

    def allowed(self, set_BR: Codes) -> Flags:
        """Whether all edits of each set may stand together [B]."""
        allowed_B = np.ones(len(set_BR), dtype=bool)
        for first in range(set_BR.shape[1]):
            for second in range(first + 1, set_BR.shape[1]):
                allowed_B &= self.together_NN[set_BR[:, first], set_BR[:, second]]
        return allowed_B

    def batch(self, set_BR: Codes) -> DesignBatch:
        """Designs of sets of places, the fixed edits in front; at least one column."""
        rows = len(set_BR)
        fixed_BF = np.broadcast_to(self.fixed_place_F, (rows, len(self.fixed)))
        effect_BF = np.broadcast_to(self.fixed_effect_F, (rows, len(self.fixed)))
        edit_BP = np.concatenate([fixed_BF, self.place_N[set_BR]], axis=1)
        effect_BP = np.concatenate([effect_BF, self.effect_N[set_BR]], axis=1)
        if not edit_BP.shape[1]:
            edit_BP, effect_BP = np.zeros((rows, 1), dtype=np.int64), np.zeros((rows, 1))
        return DesignBatch(torch.from_numpy(edit_BP), torch.from_numpy(effect_BP))


@dataclass
class _Steps:
    """What is left of a pool after every rule."""

    edits: list[Edit]
    counts: list[str] = field(default_factory=list)

    def keep(self, rule: str, wanted: Callable[[Edit], bool]) -> None:
        self.edits = [edit for edit in self.edits if wanted(edit)]
        self.counts.append(f"{len(self.edits)} after {rule}")


def build_pool(
    spec: Pool,
    vocabulary: Vocabulary,
    support_E: Codes,
    *,
    background: str = "",
    passing: frozenset[str] | None = None,
) -> EditPool:
    """The pool of a spec; `support_E` [E] are the training rows that held each edit.

    `background` is the genotype of the parent strain; `passing` are the loci that fulfil the
    spec's conditions on genes, None where it has none.

    Raises:
        InvalidArgumentError: names that the model does not have, constraints that contradict each
            other (which), or no edit is left (which rule took the last); all that is wrong is told.
    """
    problems = Problems()
    names = _Names.of(spec, vocabulary, problems, background)
    _check_fixed(names, problems)
    problems.tell()
    support = dict(zip(vocabulary.keys, support_E.tolist(), strict=True))
    steps = _filtered(spec, names, vocabulary, support, passing)
    if not steps.edits:
        raise InvalidArgumentError(f"pool: no edit is left: {'; '.join(steps.counts)}")
    edits = sorted(steps.edits, key=_canonical)
    together_NN = together(edits)
    _forbid(together_NN, Places(edits), names.pairs)
    return EditPool(
        edits=tuple(edits),
        fixed=names.fixed,
        place_N=np.array([vocabulary.place[edit.key] for edit in edits], dtype=np.int64),
        effect_N=np.array([effect(edit.kind, edit.level) for edit in edits]),
        fixed_place_F=np.array([vocabulary.place[e.key] for e in names.fixed], dtype=np.int64),
        fixed_effect_F=np.array([effect(e.kind, e.level) for e in names.fixed]),
        together_NN=together_NN,
        background=names.background,
    )


@dataclass(frozen=True)
class _Names:
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
    ) -> "_Names":
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
            fixed=tuple(sorted({*parent, *fixed}, key=_canonical)),
            avoided=tuple(name for name in avoided if name is not None),
            pairs=_pairs(spec.forbidden_pairs, known, problems),
            background=frozenset(parent),
        )


def _canonical(edit: Edit) -> tuple[tuple[str, str, str, str], float]:
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


def _check_fixed(names: _Names, problems: Problems) -> None:
    """Whether the edits to include can stand in one design, beside what is not to be there."""
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


def _filtered(
    spec: Pool,
    names: _Names,
    vocabulary: Vocabulary,
    support: dict[str, int],
    passing: frozenset[str] | None,
) -> _Steps:
    steps = _named(names, vocabulary, support)
    if names.loci is not None:
        loci = names.loci
        steps.keep("loci", lambda edit: edit.locus in loci)
    if passing is not None:
        steps.keep("genes", lambda edit: edit.locus in passing)
    if names.allowed:
        steps.keep("allowed", lambda edit: _is_allowed(edit, names.allowed))
    if names.avoided:
        avoided = Places(steps.edits)
        places = {place for name in names.avoided for place in avoided.of(name)}
        taken = {steps.edits[place] for place in places}
        steps.keep("must_avoid", lambda edit: edit not in taken)
    if spec.min_support:
        rule = f"min_support {spec.min_support}"
        steps.keep(rule, lambda edit: support[edit.key] >= spec.min_support)
    if len(steps.edits) > MAX_EDITS:
        raise InvalidArgumentError(
            f"pool: {len(steps.edits):,} edits are left, and {MAX_EDITS:,} are the most: name "
            "loci or edits, fewer levels, or a higher min_support"
        )
    if names.fixed:
        beside = _beside(steps.edits, names)
        rule = "what the background and must_include exclude"
        steps.keep(rule, lambda edit: edit in beside)
    return steps


def _named(names: _Names, vocabulary: Vocabulary, support: dict[str, int]) -> _Steps:
    if names.edits is not None:
        return _Steps(list(names.edits), [f"{len(names.edits)} edits named"])
    steps = _Steps(list(vocabulary.edits), [f"{len(vocabulary.edits)} edits of the model"])
    steps.keep("those that training saw", lambda edit: support[edit.key] > 0)
    return steps


def _is_allowed(edit: Edit, rules: dict[str | None, AllowedEdits]) -> bool:
    rule = rules.get(edit.locus, rules.get(None))
    if rule is None:
        return True
    right_kind = rule.kinds is None or edit.kind in rule.kinds
    return right_kind and (rule.variants is None or (edit.variant or "") in rule.variants)


def _beside(edits: Sequence[Edit], names: _Names) -> set[Edit]:
    """Those that may stand beside all of the fixed edits."""
    both = [*names.fixed, *edits]
    allowed_NN = together(both)
    _forbid(allowed_NN, Places(both), names.pairs)
    beside_N = np.all(allowed_NN[: len(names.fixed), len(names.fixed) :], axis=0)
    return {edit for edit, kept in zip(edits, beside_N.tolist(), strict=True) if kept}


def _forbid(
    allowed_NN: Flags, places: Places, pairs: Sequence[tuple[str | Edit, str | Edit]]
) -> None:
    for pair in pairs:
        firsts, seconds = (places.of(name) for name in pair)
        allowed_NN[np.ix_(firsts, seconds)] = False
        allowed_NN[np.ix_(seconds, firsts)] = False
