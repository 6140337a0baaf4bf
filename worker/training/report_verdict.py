"""The verdict: whether the model is worth using, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.contract.report_parts import NullDifference
from service.contract.splits import (
    ConditionSplit,
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    NoSplit,
    OrderSplit,
    Split,
)

# As `auto` has it, with the nulls that it does not choose among.
_BY_SIMPLICITY = (
    *("train_mean", "edit_frequency", "additive", "saturating", "multiplicative", "feature_ridge"),
    *("pair_mean", "pairwise", "low_rank", "profile_knn", "gene_kernel", "profile_gp"),
    *("nearest_design", "forest", "gp", "average"),
)
_SAID = {
    "random": "unseen designs",
    "group": "unseen groups",
    "gene": "unseen genes",
    "query_pair": "unseen query pairs",
    "background": "another background",
    "none": "nothing",
}


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on: differences to every null, overall and within groups.

    `is_flat`: all test designs have one measured value, so that nothing can be ranked.
    """

    model: str
    kind: str
    differences: Sequence[NullDifference]
    within_groups: Sequence[NullDifference]
    split_description: str
    split: Split
    is_flat: bool = False


def best_null(comparisons: Sequence[NullDifference]) -> NullDifference:
    """The null that does best on the test designs; of equals the last by name."""
    return max(comparisons, key=lambda c: (-c.difference, c.null))


def said(split: Split) -> str:
    """What kind of designs were held out, in words."""
    if isinstance(split, CovariateSplit | ForwardSplit):
        return f"unseen values of {split.covariate}"
    if isinstance(split, ConditionSplit):
        return f"another {split.covariate}"
    if isinstance(split, OrderSplit):
        return f"designs of more than {split.max_train_order} edits"
    if isinstance(split, GeneSplit) and split.keep_singles:
        return "genes that were seen alone"
    return _SAID[split.kind]


def _ends(comparison: NullDifference) -> str:
    return f"[{comparison.low:+z.2f}, {comparison.high:+z.2f}]"


def _is_simpler(null: str, kind: str) -> bool:
    """Whether a null comes before a kind of model; a kind that is not listed is not simple."""
    return kind not in _BY_SIMPLICITY or _BY_SIMPLICITY.index(null) < _BY_SIMPLICITY.index(kind)


def _advice(evidence: Evidence, best: NullDifference) -> str:
    model, where = evidence.model, said(evidence.split)
    if best.low > 0:
        gain = f"{best.difference:.2f} Spearman [{best.low:.2f}, {best.high:.2f}]"
        return f"{model} beats the {best.null} null, the best of them, by {gain} on {where}."
    if best.high < 0:
        loss = f"{-best.difference:.2f} Spearman [{-best.high:.2f}, {-best.low:.2f}]"
        return f"Use the {best.null} model: {model} ranks worse than it by {loss} on {where}."
    figures = f"Spearman differs by {best.difference:+z.2f} {_ends(best)}"
    if _is_simpler(best.null, evidence.kind):
        return (
            f"Use the {best.null} model, the simpler one: {model} cannot be told apart from it on "
            f"{where} ({figures})."
        )
    return (
        f"{model} cannot be told apart from {best.null}, the best null, on {where} ({figures}), "
        "and is the simpler one of the two."
    )


def verdict(evidence: Evidence) -> str:
    """Say whether the model beats the best of its nulls, by the interval of the difference.

    Intervals are of 95 %, from a paired bootstrap. The best null is chosen on the test designs
    themselves, which favours it.
    """
    if isinstance(evidence.split, NoSplit):
        return "Nothing was held out: this report claims nothing about new designs."
    comparisons, model = evidence.differences, evidence.model
    if evidence.is_flat:
        return (
            f"The test designs all have one measured value, so that nothing ranks them: whether "
            f"{model} is worth using cannot be told. Held out: {evidence.split_description}."
        )
    if not comparisons:
        return f"Too few test designs to tell whether {model} beats its null models."
    sentences = [_advice(evidence, best_null(comparisons))]
    beaten = [c.null for c in comparisons if c.low > 0]
    open_ = [c.null for c in comparisons if c.low <= 0 <= c.high]
    lost = [c.null for c in comparisons if c.high < 0]
    if beaten:
        sentences.append(f"It ranks better than {', '.join(beaten)}.")
    if open_:
        sentences.append(f"It cannot be told apart from {', '.join(open_)}.")
    if lost:
        sentences.append(f"It is worse than {', '.join(lost)}.")
    if evidence.within_groups:
        inner = best_null(evidence.within_groups)
        sentences.append(
            f"Within groups it differs from {inner.null}, the best null there, by "
            f"{inner.difference:+z.2f} {_ends(inner)}."
        )
    sentences.append(f"Held out: {evidence.split_description}.")
    return " ".join(sentences)
