"""Panels of loci or parents for the proposals of a search; see `service.contract.panels`."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, Edit, parse_genotype
from service.contract.panels import (
    Panel,
    PanelKind,
    PanelMember,
    PanelProof,
    PanelSpec,
    PanelStrategy,
)
from service.contract.proposals import Proposal
from worker.search.panel_loci import choose_loci
from worker.search.panel_parents import Parents, choose_parents
from worker.search.panel_program import Limits, Programmed, program_loci, program_parents

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TIE = 1e-6  # relative, of what a program solves to


def choose_panel(
    spec: PanelSpec,
    proposals: Sequence[Proposal],
    *,
    background: str = "",
    poll: Callable[[], None] = lambda: None,
) -> Panel:
    """A panel for some proposals, best first: greedy, then swaps while any of them helps.

    Integer programming looks for a better one, if it is asked for. The same proposals give the same
    panel, but for a program that its time limit ends. Where all values are equal, each is worth as
    much. What the `background` holds is there already: it is no locus to buy, and every parent has
    it. `poll` is called between steps, of a few seconds at most, and may raise.
    """
    there = frozenset(parse_genotype(background).edits)
    designs = [_beside(parse_genotype(proposal.genotype), there) for proposal in proposals]
    value_D = np.array([proposal.value for proposal in proposals])
    worth_D = value_D - value_D.min() if len(value_D) else value_D
    if not worth_D.any():
        worth_D = np.ones(len(value_D))
    cost_of = {entry.locus: entry.cost for entry in spec.costs}
    if spec.kind is PanelKind.LOCI:
        return _loci_panel(spec, designs, worth_D, cost_of, poll)
    at_hand = (_beside(parse_genotype(text), there).genotype for text in spec.owned)
    strains = spec.model_copy(update={"owned": tuple(dict.fromkeys(at_hand))})
    panel = _parent_panel(strains, designs, worth_D, cost_of, poll)
    members = [one.model_copy(update={"name": _on(there, one.name)}) for one in panel.members]
    return panel.model_copy(update={"members": tuple(members)})


def _on(there: frozenset[Edit], genotype: str) -> str:
    return Design.of([*parse_genotype(genotype).edits, *there]).genotype


def _beside(design: Design, there: frozenset[Edit]) -> Design:
    return Design.of(edit for edit in design.edits if edit not in there)


def _loci_panel(
    spec: PanelSpec,
    designs: Sequence[Design],
    worth_D: Floats,
    cost_of: dict[str, float],
    poll: Callable[[], None],
) -> Panel:
    loci = sorted({edit.locus for design in designs for edit in design.edits})
    place = {locus: i for i, locus in enumerate(loci)}
    needs_DL = np.zeros((len(designs), len(loci)), dtype=bool)
    for row, design in enumerate(designs):
        needs_DL[row, [place[edit.locus] for edit in design.edits]] = True
    cost_L = np.array([cost_of.get(locus, spec.default_cost) for locus in loci])
    owned = [place[locus] for locus in spec.owned if locus in place]
    greedy = choose_loci(
        needs_DL, worth_D, cost_L, owned=owned, size=spec.size, budget=spec.budget, poll=poll
    )

    def worth(chosen: Sequence[int]) -> float:
        outside_L = np.ones(len(loci), dtype=bool)
        outside_L[[*owned, *chosen]] = False
        return float(worth_D[~needs_DL[:, outside_L].any(axis=1)].sum())

    chosen, proof = greedy, None
    if spec.strategy is PanelStrategy.INTEGER_PROGRAMMING:
        limits = _limits(spec, owned, poll)
        programmed = program_loci(needs_DL, worth_D, cost_L, limits, worth(greedy))
        chosen, proof = _better(greedy, programmed, worth, float(worth_D.sum()))
    inside_L = np.zeros(len(loci), dtype=bool)
    inside_L[[*owned, *chosen]] = True
    built_D = np.all(needs_DL <= inside_L, axis=1)
    members = [
        PanelMember(
            name=loci[i],
            cost=0.0 if i in owned else cost_L[i],
            is_owned=i in owned,
            design_count=int(needs_DL[built_D, i].sum()),
        )
        for i in (*owned, *chosen)
    ]
    return _panel(spec.kind, members, built_D, worth_D, proof)


def _parent_panel(
    spec: PanelSpec,
    designs: Sequence[Design],
    worth_D: Floats,
    cost_of: dict[str, float],
    poll: Callable[[], None],
) -> Panel:
    parents = Parents.of(designs, lambda edit: cost_of.get(edit.locus, spec.default_cost), poll)
    owned = [parents.place[text] for text in spec.owned if text in parents.place]
    greedy = choose_parents(parents, owned=owned, size=spec.size, budget=spec.budget, poll=poll)

    def net(chosen: Sequence[int]) -> float:
        return float(parents.best([*owned, *chosen])[1].sum() - parents.cost_C[list(chosen)].sum())

    chosen, proof = greedy, None
    if spec.strategy is PanelStrategy.INTEGER_PROGRAMMING:
        programmed = program_parents(parents, _limits(spec, owned, poll), net(greedy))
        chosen, proof = _better(greedy, programmed, net, 1.0)
    every = [*owned, *chosen]
    best_D, saved_D = parents.best(every)
    members = [
        PanelMember(
            name=parents.genotypes[i],
            cost=0.0 if i in owned else parents.cost_C[i],
            is_owned=i in owned,
            design_count=int((best_D == i).sum()),
        )
        for i in every
    ]
    panel = _panel(spec.kind, members, best_D >= 0, worth_D, proof)
    return panel.model_copy(update={"cost_saved": float(saved_D.sum()) - panel.cost})


def _limits(spec: PanelSpec, owned: Sequence[int], poll: Callable[[], None]) -> Limits:
    return Limits(owned, spec.size, spec.budget, spec.time_limit_seconds, poll)


def _better(
    greedy: list[int], programmed: Programmed, value: Callable[[Sequence[int]], float], unit: float
) -> tuple[list[int], PanelProof]:
    """The better of two panels, and what is proven of it; values are told in `unit`."""
    chosen = greedy
    if programmed.chosen is not None and value(programmed.chosen) > value(greedy):
        chosen = programmed.chosen
    if programmed.bound is None:
        return chosen, PanelProof(is_proven=False, greedy=value(greedy) / unit)
    bound = max(programmed.bound, value(chosen)) / unit
    gap = bound - value(chosen) / unit
    is_proven = gap <= _TIE * max(abs(bound), 1.0)
    return chosen, PanelProof(
        is_proven=is_proven,
        greedy=value(greedy) / unit,
        bound=bound,
        gap=0.0 if is_proven else gap,
    )


def _panel(
    kind: PanelKind,
    members: Sequence[PanelMember],
    built_D: Flags,
    worth_D: Floats,
    proof: PanelProof | None,
) -> Panel:
    total = worth_D.sum()
    if proof is not None:
        members = sorted(members, key=lambda one: (not one.is_owned, -one.design_count, one.name))
    return Panel(
        kind=kind,
        members=tuple(members),
        cost=sum(member.cost for member in members),
        design_count=int(built_D.sum()),
        worth_share=float(worth_D[built_D].sum() / total) if total else 0.0,
        proof=proof,
    )
