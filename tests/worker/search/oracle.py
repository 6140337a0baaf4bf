"""A search by brute force: every design built, read by name, judged in loops."""

import math
import statistics

from service.contract.designs import parse_edit
from tests.worker.search.conftest import standing


def mean_and_spread(members):
    """Mean and standard deviation (of a sample) of some numbers."""
    values = [float(value) for value in members]
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else 0.0


def worth(spec, names, read):
    """Value of one design from its readings, by the letter of the spec."""
    total = 0.0
    for goal in spec.objectives:
        mean, spread = mean_and_spread(read[names.index(goal.label)])
        caution = spec.caution if spec.rank_by == "lower_bound" else 0.0
        if goal.direction == "minimize":
            total += goal.weight * -(mean + caution * spread)
        else:
            total += goal.weight * (mean - caution * spread)
    return total


def is_feasible(spec, names, read):
    """Whether a normal with the ensemble's mean and sd is likely enough within the limits."""
    for limit in spec.feasibility:
        mean, spread = mean_and_spread(read[names.index(limit.label)])
        if spread == 0:
            low = 1.0 if limit.at_least is None else float(mean >= limit.at_least)
            high = 1.0 if limit.at_most is None else float(mean <= limit.at_most)
        else:
            normal = statistics.NormalDist(mean, spread)
            low = 1.0 if limit.at_least is None else 1 - normal.cdf(limit.at_least)
            high = 1.0 if limit.at_most is None else normal.cdf(limit.at_most)
        if min(low, high) < limit.probability:
            return False
    return True


def covered(name, edit):
    """Whether a name (locus, edit, edit at a level) means an edit."""
    return name in {edit.locus, edit.key, str(edit)}


def allowed_designs(spec, edits):
    """Every design that a spec allows, of edits that are texts."""
    pool = spec.pool
    parent = [parse_edit(text) for text in spec.background.split("+") if text]
    fixed = [*parent, *(parse_edit(text) for text in pool.must_include)]
    free = [parse_edit(text) for text in edits if parse_edit(text) not in fixed]
    for order in range(spec.min_order, spec.max_order + 1):
        for design in standing([*fixed, *free], order + len(parent)):
            if not set(fixed) <= set(design.edits):
                continue
            added = [edit for edit in design.edits if edit not in parent]
            if any(covered(name, e) for name in pool.must_avoid for e in added):
                continue
            if any(
                covered(a, one) and covered(b, other)
                for a, b in pool.forbidden_pairs
                for one in design.edits
                for other in design.edits
                if one != other
            ):
                continue
            yield design


def brute_force(spec, model, edits):
    """Value and design of every allowed and feasible design, and how many are not feasible."""
    names = [label.name for label in model.predictor.manifest.labels]
    designs = list(allowed_designs(spec, edits))
    found = []
    for design, read in zip(designs, model.readings(designs), strict=True):
        composed = [compose for compose, _ in read]
        if is_feasible(spec, names, composed):
            found.append((worth(spec, names, composed), design))
    return sorted(found, key=lambda one: -one[0]), len(designs) - len(found)
