"""From proposals to an order sheet for the bench."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, parse_genotype
from service.contract.errors import InvalidArgumentError
from service.contract.order_sheets import Measured, OrderSheetSpec, Role, SheetLabel, SheetRow
from service.contract.search import RankBy, SearchSpec
from worker.inference.ensembles import MemberReadings
from worker.inference.predictor import Predictor
from worker.search.acquisition import Pick, acquisition, lower_bound, pick_batch
from worker.search.objective import Ranking, member_sd
from worker.search.parents import Build, Costs, Stock, check_cost_names

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class _Line(NamedTuple):
    """A strain to build, why, and what it was chosen by."""

    role: Role
    design: Design
    worth: float | None


def order_sheet(
    spec: OrderSheetSpec, search: SearchSpec, genotypes: Sequence[str], predictor: Predictor
) -> list[SheetRow]:
    """The sheet: of proposals those to exploit and to explore, then rebuilds, then controls.

    Args:
        spec: how many of what.
        search: whose objectives and caution the designs are judged by, at y_intact.
        genotypes: the candidates, as a search proposed them; those measured already are left out.
        predictor: the model.

    Raises:
        InvalidArgumentError: there are fewer candidates than rows to fill, or a cost is of nothing.
        InvalidDesignError: a genotype is malformed.
    """
    check_cost_names(spec.costs, predictor.manifest.edits)
    parent = (search.background,) if search.background else ()
    stock = Stock((*spec.stock, *parent), Costs(spec.costs, spec.default_cost))
    built = {parse_genotype(one.genotype) for one in spec.measured}
    designs = [d for d in dict.fromkeys(map(parse_genotype, genotypes)) if d not in built]
    rebuilds = _rebuilds(spec)
    wanted = spec.row_count - len(spec.controls) - len(rebuilds)
    if len(designs) < wanted:
        raise InvalidArgumentError(
            f"{wanted} rows are to be filled, and {len(designs)} of {len(genotypes)} candidates "
            "were not built yet: search for more proposals, or lower row_count"
        )
    utility_MC = _utilities(search, designs, predictor)
    cost_C = np.array([stock.cheapest(design).cost for design in designs])
    sets = edit_sets_of(designs)
    caution = search.caution if search.rank_by is RankBy.LOWER_BOUND else 0.0
    chosen = _picks(spec, utility_MC, sets, caution=caution, cost_C=cost_C, count=wanted)
    lines = [_Line(role, designs[pick.place], pick.worth) for role, pick in chosen]
    lines += [_Line(Role.REBUILD, parse_genotype(one.genotype), one.utility) for one in rebuilds]
    lines += [_Line(Role.CONTROL, parse_genotype(text), None) for text in spec.controls]
    read = predictor.readings([line.design for line in lines])
    labels = [_labels(predictor, read, k) for k in range(len(lines))]
    return [
        _row(k, line, stock.cheapest(line.design, anew=line.role is Role.REBUILD), labels[k])
        for k, line in enumerate(lines)
    ]


def _rebuilds(spec: OrderSheetSpec) -> list[Measured]:
    """Measured strains, evenly spaced from the best to the median."""
    ranked = sorted(spec.measured, key=lambda one: (-one.utility, one.genotype))
    upper = ranked[: (len(ranked) + 1) // 2]
    count = min(spec.rebuild_count, len(upper))
    places = np.linspace(0, len(upper) - 1, count).round().astype(np.int64)
    return [upper[place] for place in places.tolist()]


def _utilities(search: SearchSpec, designs: Sequence[Design], predictor: Predictor) -> Floats:
    """Weighted, signed sums of every member's readings at y_intact [M, C]."""
    names = [label.name for label in predictor.manifest.labels]
    read = predictor.readings(designs)
    goals = Ranking.of(search, names).goals
    terms = [g.sign * g.weight * read[g.label].intact_MBY for g in goals]
    utility_MC: Floats = np.sum(terms, axis=0)
    return utility_MC


def edit_sets_of(designs: Sequence[Design]) -> Codes:
    """Numbers of the edits of each design, padded with -1."""
    number: dict[str, int] = {}
    rows = [[number.setdefault(str(e), len(number)) for e in design.edits] for design in designs]
    width = max((len(row) for row in rows), default=0)
    return np.array([row + [-1] * (width - len(row)) for row in rows]).reshape(len(rows), width)


def _picks(
    spec: OrderSheetSpec,
    utility_MC: Floats,
    set_CR: Codes,
    *,
    caution: float,
    cost_C: Floats,
    count: int,
) -> list[tuple[Role, Pick]]:
    explore = round(spec.explore_share * count)
    penalty_C = spec.cost_weight * cost_C
    bound_C = lower_bound(utility_MC, caution)
    exploited = pick_batch(
        lambda: bound_C,
        set_CR,
        count - explore,
        diversity=spec.diversity,
        penalty_C=penalty_C,
    )
    best = max((one.utility for one in spec.measured), default=float(bound_C.max()))
    explored = pick_batch(
        acquisition(
            spec.acquisition, utility_MC, best=best, optimism=spec.optimism, seed=spec.seed
        ),
        set_CR,
        explore,
        diversity=spec.diversity,
        penalty_C=penalty_C,
        begun=[pick.place for pick in exploited],
    )
    return [(Role.EXPLOIT, pick) for pick in exploited] + [
        (Role.EXPLORE, pick) for pick in explored
    ]


def _labels(predictor: Predictor, read: Sequence[MemberReadings], k: int) -> tuple[SheetLabel, ...]:
    return tuple(
        SheetLabel(
            name=label.name,
            unit=label.unit,
            mean=float(readings.intact_MBY[:, k].mean()),
            sd=float(member_sd(readings.intact_MBY[:, [k]])[0]),
        )
        for label, readings in zip(predictor.manifest.labels, read, strict=True)
    )


def _row(k: int, line: _Line, build: Build, labels: tuple[SheetLabel, ...]) -> SheetRow:
    return SheetRow(
        row=k + 1,
        role=line.role,
        genotype=line.design.genotype,
        parent=build.parent.genotype,
        edits_to_make=tuple(map(str, build.edits_to_make)),
        cost=build.cost,
        worth=line.worth,
        labels=labels,
    )


def sheet_as_tsv(rows: Sequence[SheetRow]) -> bytes:
    """The sheet as tab-separated values; an empty parent is the reference."""
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter="\t", lineterminator="\n")
    head = ["row", "role", "genotype", "parent", "edits_to_make", "edit_count", "cost", "worth"]
    for label in rows[0].labels if rows else ():
        unit = f" [{label.unit}]" if label.unit else ""
        head += [f"{label.name} mean{unit}", f"{label.name} sd{unit}"]
    writer.writerow(head)
    for row in rows:
        made = "+".join(row.edits_to_make)
        cells = [row.row, row.role.value, row.genotype, row.parent, made, len(row.edits_to_make)]
        predicted = [value for label in row.labels for value in (label.mean, label.sd)]
        writer.writerow([*cells, row.cost, "" if row.worth is None else row.worth, *predicted])
    return sink.getvalue().encode()
