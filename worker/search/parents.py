"""From which strain a design is built, which edits are still to make, and what they cost."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.contract.designs import Design, Edit, EditKind, parse_genotype
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.order_sheets import EditCost

_REFERENCE = Design()


class Build(NamedTuple):
    """A way to a design."""

    parent: Design
    edits_to_make: tuple[Edit, ...]
    cost: float


class Costs:
    """What edits cost: at their level, else at any level, else as their kind, else as all."""

    def __init__(self, costs: Iterable[EditCost], default: float) -> None:
        self._by_name: Mapping[str, float] = {cost.name: cost.cost for cost in costs}
        self._default = default

    def of(self, edit: Edit) -> float:
        """The cost of one edit."""
        for name in (str(edit), edit.key, edit.kind.value):
            if name in self._by_name:
                return self._by_name[name]
        return self._default


def check_cost_names(costs: Iterable[EditCost], edits: Iterable[str]) -> None:
    """Every cost is of a kind, or of an edit that the model has.

    Raises:
        InvalidArgumentError: a name is neither; every offender is listed.
    """
    known = {*edits, *(kind.value for kind in EditKind)}
    offenders = [
        Offender(field="costs", value=cost.name, message=f"{cost.name} is no kind and no edit")
        for cost in costs
        if cost.name not in known and cost.name.partition("@")[0] not in known
    ]
    if offenders:
        raise InvalidArgumentError(f"costs: {offenders[0].message}", offenders)


class Stock:
    """Strains at hand; the reference always is."""

    def __init__(self, genotypes: Iterable[str], costs: Costs) -> None:
        strains = {_REFERENCE, *(parse_genotype(text) for text in genotypes)}
        ordered = sorted(strains, key=lambda strain: (-strain.order, strain.genotype))
        self._strains = [(frozenset(strain.edits), strain) for strain in ordered]
        self._costs = costs

    def cheapest(self, design: Design, *, anew: bool = False) -> Build:
        """From the strain that leaves the least to pay, of equals the one with the most edits.

        A strain with an edit that the design does not have is no parent: edits are not undone.
        With `anew` the design itself is none either, unless it is the reference.
        """
        wanted = frozenset(design.edits)
        builds = [
            self._build(design, strain)
            for edits, strain in self._strains
            if edits <= wanted and not (anew and wanted and edits == wanted)
        ]
        return min(builds, key=lambda build: build.cost)

    def _build(self, design: Design, parent: Design) -> Build:
        left = tuple(edit for edit in design.edits if edit not in parent.edits)
        return Build(parent, left, sum(self._costs.of(edit) for edit in left))
