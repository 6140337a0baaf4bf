"""The edits that designs are made of, and which of them may stand together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.designs import Design, Edit
from service.contract.errors import InvalidArgumentError
from service.contract.search import AllowedEdits, Pool
from worker.latent.algebra import effect
from worker.models.encoding import DesignBatch
from worker.search.exclusions import together
from worker.search.names import Places, Problems, Vocabulary
from worker.search.pool_names import PoolNames, canonical, check_fixed

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
    """What is left of a pool after every rule, and why what is to be included is not."""

    edits: list[Edit]
    counts: list[str]
    included: Sequence[Edit]
    outside: dict[Edit, str] = field(default_factory=dict)

    def keep(self, rule: str, wanted: Callable[[Edit], bool]) -> None:
        self.edits = [edit for edit in self.edits if wanted(edit)]
        self.counts.append(f"{len(self.edits)} after {rule}")
        for edit in self.included:
            if not wanted(edit):
                self.outside.setdefault(edit, f"not left after {rule}")


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
    names = PoolNames.of(spec, vocabulary, problems, background)
    check_fixed(names, problems)
    problems.tell()
    support = dict(zip(vocabulary.keys, support_E.tolist(), strict=True))
    steps = _filtered(spec, names, vocabulary, support, passing)
    for edit, why in steps.outside.items():
        text = f"{edit} is outside the pool, {why}: let it in, or put it into background"
        problems.add("pool.must_include", text, edit)
    problems.tell()
    if not steps.edits:
        raise InvalidArgumentError(f"pool: no edit is left: {'; '.join(steps.counts)}")
    edits = sorted(steps.edits, key=canonical)
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


def _filtered(
    spec: Pool,
    names: PoolNames,
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
        steps.included = ()  # they are in every design, and no longer a choice
        rule = "what the background and must_include exclude"
        steps.keep(rule, lambda edit: edit in beside)
    return steps


def _named(names: PoolNames, vocabulary: Vocabulary, support: dict[str, int]) -> _Steps:
    included = [edit for edit in names.fixed if edit not in names.background]
    if names.edits is not None:
        steps = _Steps(list(names.edits), [f"{len(names.edits)} edits named"], included)
        why = "not among the edits named"
        steps.outside |= {edit: why for edit in included if edit not in names.edits}
        return steps
    all_edits = [f"{len(vocabulary.edits)} edits of the model"]
    steps = _Steps(list(vocabulary.edits), all_edits, included)
    steps.keep("those that training saw", lambda edit: support[edit.key] > 0)
    return steps


def _is_allowed(edit: Edit, rules: dict[str | None, AllowedEdits]) -> bool:
    rule = rules.get(edit.locus, rules.get(None))
    if rule is None:
        return True
    right_kind = rule.kinds is None or edit.kind in rule.kinds
    return right_kind and (rule.variants is None or (edit.variant or "") in rule.variants)


def _beside(edits: Sequence[Edit], names: PoolNames) -> set[Edit]:
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
