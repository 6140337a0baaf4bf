"""The verdict: whether the model is worth using, in plain words."""

from collections.abc import Sequence

from service.contract.report_parts import NullDifference


def verdict(name: str, comparisons: Sequence[NullDifference], split: str) -> str:
    """Say whether the model beats its nulls, by the interval of the Spearman difference."""
    if not comparisons:
        return f"Too few test designs to tell whether {name} beats its null models."
    beaten = [c.null for c in comparisons if c.low > 0]
    open_ = [c.null for c in comparisons if c.low <= 0 <= c.high]
    lost = [c.null for c in comparisons if c.high < 0]
    sentences = []
    if beaten:
        sentences.append(f"{name} ranks the held-out designs better than {', '.join(beaten)}.")
    if open_:
        sentences.append(f"It cannot be told apart from {', '.join(open_)}.")
    if lost:
        sentences.append(f"It is worse than {', '.join(lost)}: use that instead.")
    best = best_null(comparisons)
    sentences.append(
        f"Against the best null ({best.null}) Spearman differs by {best.difference:+.3f} "
        f"(paired bootstrap, 95 %: {best.low:+.3f} to {best.high:+.3f}). "
        f"Held out: {split}."
    )
    return " ".join(sentences)


def best_null(comparisons: Sequence[NullDifference]) -> NullDifference:
    """The null from which the model differs least, or which it does not reach."""
    return max(comparisons, key=lambda c: (-c.difference, c.null))
