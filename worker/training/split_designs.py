"""Splits by what a design is: its group, its genes, its query pair, its order."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.splits import (
    GeneSplit,
    GroupSplit,
    OrderSplit,
    QueryPairSplit,
    RandomSplit,
)
from worker.data.table import DesignTable
from worker.training.split_parts import Partition, controls_of, count_designs, set_apart
from worker.training.split_units import drawn, refuse, require_known, said

Flags = NDArray[np.bool_]


def by_random(table: DesignTable, split: RandomSplit) -> Partition:
    """A share of the groups; all controls train."""
    control_N = controls_of(table)
    groups = np.unique(table.group_N[~control_N])
    in_groups_N = np.isin(table.group_N, groups[drawn(len(groups), split, "design group")])
    test_N = in_groups_N & ~control_N
    description = f"{said('design groups', split)}; no group is on both sides"
    return set_apart(table, ~test_N, test_N, description)


def by_group(table: DesignTable, split: GroupSplit) -> Partition:
    """Named groups, or a share of them; all controls train."""
    control_N = controls_of(table)
    codes = np.unique(table.group_N[~control_N])
    names = [table.groups[code] for code in codes]
    if split.test:
        require_known(split.test, names, "group", "split.test[{}]")
        held_out = [code for code, name in zip(codes, names, strict=True) if name in split.test]
        description = f"group {', '.join(split.test)}"
    else:
        held_out = codes[drawn(len(codes), split, "group")].tolist()
        description = said("groups", split)
    in_groups_N = np.isin(table.group_N, held_out) & ~control_N
    return set_apart(table, ~in_groups_N, in_groups_N, description)


def loci_of(design: Design) -> frozenset[str]:
    """The genes that a design edits."""
    return frozenset(edit.locus for edit in design.edits)


def _tested_designs(table: DesignTable) -> list[Design]:
    """Designs that are no controls, each once."""
    kept = np.unique(table.design_N[~controls_of(table)])
    return [table.designs[k] for k in kept]


def _held_out(names: Sequence[str], split: GeneSplit | QueryPairSplit, noun: str) -> frozenset[str]:
    if split.test:
        require_known(split.test, names, noun, "split.test[{}]")
        return frozenset(split.test)
    return frozenset(names[place] for place in drawn(len(names), split, noun))


def _per_row(table: DesignTable, of_design_K: Sequence[bool]) -> Flags:
    flags_N: Flags = np.array(of_design_K, dtype=bool)[table.design_N]
    return flags_N


def by_gene(table: DesignTable, split: GeneSplit) -> Partition:
    """Designs that edit held-out genes are tested; the others, and all controls, train."""
    loci = sorted(frozenset().union(*(loci_of(d) for d in _tested_designs(table))))
    genes = _held_out(loci, split, "gene")
    touched_N = _per_row(table, [not genes.isdisjoint(loci_of(d)) for d in table.designs])
    whole_N = _per_row(table, [genes.issuperset(loci_of(d)) for d in table.designs])
    single_N = _per_row(table, [d.order == 1 for d in table.designs])
    control_N = controls_of(table)
    kept_N = single_N if split.keep_singles else np.zeros_like(single_N)
    wanted_N = touched_N if split.match == "any" else touched_N & whole_N
    test_N = wanted_N & ~kept_N & ~control_N
    train_N = ~touched_N | kept_N | control_N
    which = ", ".join(split.test) if split.test else said("genes", split)
    how = "at least one of" if split.match == "any" else "nothing but"
    singles = ", singles kept for training" if split.keep_singles else ""
    return set_apart(
        table,
        train_N,
        test_N,
        f"designs with {how} these genes: {which} ({len(genes)} of {len(loci)} genes{singles})",
        {"design_with_some_held_out_genes_count": count_designs(table, ~train_N & ~test_N)},
    )


def pairs_of(design: Design) -> list[str]:
    """The pairs of genes that a design edits, by name."""
    return ["+".join(pair) for pair in combinations(sorted(loci_of(design)), 2)]


def queries_of(designs: Sequence[Design], asked: Sequence[Design]) -> list[str | None]:
    """Each design's most frequent pair among those asked of order 3 and above, for these [K]."""
    large = [design for design in asked if design.order > 2]
    count = Counter(pair for design in large for pair in pairs_of(design))
    wanted = frozenset(large)
    return [
        min(pairs_of(design), key=lambda pair: (-count[pair], pair), default=None)
        if design in wanted
        else None
        for design in designs
    ]


def by_query_pair(table: DesignTable, split: QueryPairSplit) -> Partition:
    """Designs of order 3 and above whose query is held out; lower orders and controls train."""
    large_N = _per_row(table, [design.order > 2 for design in table.designs])
    large_N &= ~controls_of(table)
    if split.covariate is None:
        query_K = queries_of(table.designs, _tested_designs(table))
        names = sorted({query for query in query_K if query is not None})
        held_out = _held_out(names, split, "query pair")
        test_N = large_N & _per_row(table, [query in held_out for query in query_K])
        holds_K = [not held_out.isdisjoint(pairs_of(design)) for design in table.designs]
        tainted_N = large_N & _per_row(table, holds_K) & ~test_N
    else:
        require_known([split.covariate], sorted(table.covariates), "covariate", "split.covariate")
        column = table.covariates[split.covariate]
        names = [column.values[c] for c in np.unique(column.code_N[large_N & (column.code_N >= 0)])]
        held_out = _held_out(names, split, "query")
        test_N = large_N & column.where(tuple(held_out))
        tainted_N = np.zeros_like(test_N)
    which = ", ".join(split.test) if split.test else said("query pairs", split)
    return set_apart(
        table,
        ~test_N & ~tainted_N,
        test_N,
        f"designs of order 3 and above with the query {which}",
        {"design_with_held_out_pair_count": count_designs(table, tainted_N)},
    )


def by_order(table: DesignTable, split: OrderSplit) -> Partition:
    """Designs of more edits than any that is trained on; all controls train."""
    order_N = np.array([design.order for design in table.designs], dtype=np.int64)[table.design_N]
    control_N = controls_of(table)
    limit = split.max_train_order
    large_N = (order_N > limit) & ~control_N
    if not large_N.any():
        largest = int(order_N[~control_N].max(initial=0))
        raise refuse(
            f"no design has more than {limit} edits (the largest has {largest}): nothing is left "
            "to test; name a smaller max_train_order",
            "split.max_train_order",
            limit,
        )
    return set_apart(table, ~large_N, large_N, f"order above {limit}, trained on the others")
