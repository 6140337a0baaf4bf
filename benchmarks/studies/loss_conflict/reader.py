"""Intervals that the claims are about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.studies.loss_conflict.arms import FORMS, MSE, Arm, Form, Terms
from benchmarks.studies.loss_conflict.results import Floats, Interval, Results, interval


def pair(form: Form) -> str:
    """How the cosine between composition and SupCR is called."""
    return f"cosine composition/{form}"


@dataclass(frozen=True)
class Reader:
    """Figures of single arms, and paired ones of two; a pair has its seeds in common."""

    results: Results
    names: Mapping[str, str]

    def places(self) -> Iterator[tuple[str, Form, str]]:
        """Every source and form, with a name."""
        for source in self.results.sources:
            for form in FORMS:
                yield source, form, f"{self.names[source]}, {form}"

    def at_start(self, source: str, key: str) -> Interval:
        """Before the first step; every arm starts alike."""
        return interval(self.results.start(source, MSE, key))

    def during(self, source: str, arm: Arm, form: Form, place: str) -> Floats:
        """Cosine between SupCR and composition, mean over training, [S]."""
        return self.results.over_training(source, arm, f"{place} {pair(form)}")

    def change(self, source: str, arm: Arm, beside: Arm, key: str) -> Interval:
        """A value at the end, less that of another arm."""
        first_S, second_S = (self.results.last(source, each, key) for each in (arm, beside))
        return interval(first_S - second_S)

    def yielded(self, source: str, form: Form) -> Floats:
        """Share of what training on SupCR gains in its value that composition takes away, [S]."""
        arms = (MSE, Arm(Terms.SUPCR, form), Arm(Terms.BOTH, form))
        mse, alone, both = (self.results.last(source, arm, f"value {form}") for arm in arms)
        share_S: Floats = (both - alone) / (mse - alone)
        return share_S

    def rank(self, source: str, arm: Arm, beside: Arm, key: str) -> Interval:
        """Held-out Spearman less that of another arm."""
        first_S, second_S = (self.results.final(source, each, key) for each in (arm, beside))
        return interval(first_S - second_S, held_out=True)
