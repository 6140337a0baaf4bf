"""What the page concludes, each with its figures and whether they bear it out in this run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.studies.loss_conflict.arms import (
    COSINE,
    CROSSED,
    FORMS,
    MSE,
    NEG_L2,
    Arm,
    Form,
    Terms,
)
from benchmarks.studies.loss_conflict.reader import Reader
from benchmarks.studies.loss_conflict.results import Interval, interval

# A cosine nearer to 0 than this is called no conflict.
_LITTLE = 0.1


@dataclass(frozen=True)
class Claim:
    """A sentence, whether every figure bears it out, and the figures, one text a line."""

    sentence: str
    holds: bool
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """An interval, and where it was found."""

    where: str
    interval: Interval


def _claim(
    sentence: str, found: list[Found], bears_out: Callable[[Interval], bool], digits: int = 3
) -> Claim:
    figures = tuple(f"{f.where}: {f.interval.text(digits)}" for f in found)
    return Claim(sentence, all(bears_out(f.interval) for f in found), figures)


def _above(found: Interval) -> bool:
    return found.low > 0


def _below(found: Interval) -> bool:
    return found.high < 0


def at_the_start(x: Reader) -> Claim:
    """Whether the off share of the untrained model is what the formulas say."""
    found = [
        Found(f"{x.names[source]}, {form}", x.at_start(source, f"off share {form}"))
        for form in (NEG_L2, COSINE)
        for source in x.results.sources
    ]
    claim = _claim(
        "Before the first step, where z_I = z_W + z_P, none of the gradient of negative L2 leads "
        "out of the composition, and about half of that of cosine does. (Off share.)",
        found,
        lambda each: each.mean < 0.01 or each.mean > 0.3,
    )
    split = len(x.results.sources)
    ordered = all(f.interval.mean < 0.01 for f in found[:split])
    ordered = ordered and all(f.interval.mean > 0.3 for f in found[split:])
    return Claim(claim.sentence, claim.holds and ordered, claim.figures)


def where_cosine_pulls(x: Reader) -> Claim:
    """Whether cosine hardly pulls on z_I."""
    found = [
        Found(x.names[source], x.at_start(source, f"intact share {COSINE}"))
        for source in x.results.sources
    ]
    return _claim(
        "Cosine pulls on z_P and hardly on z_I, which lies far from the origin by z_W. (Share of "
        "the square of its gradient that is on z_I, before the first step; negative L2 has 0.5.)",
        found,
        lambda each: each.high < 0.25,
    )


def who_asks_for_r(x: Reader) -> Claim:
    """Whether negative L2 asks for what is added to z_W + z_P more than cosine does."""
    found = []
    for source in x.results.sources:
        keys = (f"added share {form}" for form in (NEG_L2, COSINE))
        l2_S, cosine_S = (x.results.start(source, MSE, key) for key in keys)
        found.append(Found(f"{x.names[source]}, neg_l2", interval(l2_S)))
        found.append(Found(f"{x.names[source]}, neg_l2 less cosine", interval(l2_S - cosine_S)))
    return _claim(
        "In this model it is negative L2 that asks for a residual: most of its gradient goes to "
        "the parameters that make it, and less of cosine's does. (Share of the square of the "
        "gradient that is on attention and W_I, before the first step.)",
        found,
        lambda each: each.low > 0.1,
    )


def at_the_latents(x: Reader) -> Claim:
    """Whether the gradients oppose each other at the latents."""
    found = [
        Found(where, interval(x.during(source, Arm(Terms.BOTH, form), form, "latent")))
        for source, form, where in x.places()
    ]
    return _claim(
        "At the latents SupCR and composition do not oppose each other with either similarity: "
        "the cosine of their gradients is small and above 0. (Trained on both, mean over "
        "training.)",
        found,
        _above,
    )


def at_the_parameters(x: Reader) -> Claim:
    """Whether the gradients oppose each other at the parameters."""
    found = [
        Found(where, interval(x.during(source, Arm(Terms.BOTH, form), form, "parameter")))
        for source, form, where in x.places()
    ]
    return _claim(
        "At the parameters, which is what a step moves, they oppose each other with both "
        "similarities. (The same, with respect to all parameters.)",
        found,
        _below,
    )


def no_better_by_distance(x: Reader) -> Claim:
    """Whether negative L2 is in less conflict than cosine."""
    found = []
    for source in x.results.sources:
        l2_S, cosine_S = (
            x.during(source, Arm(Terms.BOTH, form), form, "parameter") for form in (NEG_L2, COSINE)
        )
        found.append(Found(x.names[source], interval(l2_S - cosine_S)))
    return _claim(
        "Negative L2 is in no less conflict than cosine. (Its cosine at the parameters less that "
        "of cosine SupCR; above 0 would be less conflict.)",
        found,
        lambda each: not _above(each),
    )


def made_by_training(x: Reader) -> Claim:
    """Whether the gradients oppose each other less where neither term is trained on."""
    found = [
        Found(
            where,
            interval(
                x.during(source, MSE, form, "parameter")
                - x.during(source, Arm(Terms.BOTH, form), form, "parameter")
            ),
        )
        for source, form, where in x.places()
    ]
    return _claim(
        "Most of that is made by training on both: where mse alone is trained, the two hardly "
        "oppose each other. (Cosine at the parameters, mse alone less both.)",
        found,
        _above,
    )


def supcr_pays(x: Reader) -> Claim:
    """Whether SupCR is worse off with composition."""
    found = []
    for source, form, where in x.places():
        both, alone = (Arm(terms, form) for terms in (Terms.BOTH, Terms.SUPCR))
        found.append(Found(where, x.change(source, both, alone, f"value {form}")))
    return _claim(
        "The conflict costs SupCR something: it ends worse than without composition. (Its value "
        "in nats, both terms less SupCR without composition.)",
        found,
        _above,
    )


def composition_pays(x: Reader) -> Claim:
    """Whether composition is worse off with SupCR."""
    found = []
    for source, form, where in x.places():
        both, alone = Arm(Terms.BOTH, form), Arm(Terms.COMPOSITION)
        found.append(Found(where, x.change(source, both, alone, "residual")))
    return _claim(
        "And it costs composition something: the residual ends larger than without SupCR. "
        "(Residual over z_P, both terms less composition without SupCR.)",
        found,
        _above,
    )


def composition_still_works(x: Reader) -> Claim:
    """Whether composition holds the residual down beside SupCR."""
    found = [
        Found(where, x.change(source, Arm(Terms.BOTH, form), Arm(Terms.SUPCR, form), "residual"))
        for source, form, where in x.places()
    ]
    return _claim(
        "It is no deadlock: beside SupCR the composition term still does its work. (Residual over "
        "z_P of both terms, less that of SupCR without composition.)",
        found,
        _below,
    )


def strength_decides(x: Reader) -> Claim:
    """Whether temperature rather than similarity decides how much SupCR yields."""
    found = []
    for source in x.results.sources:
        share = {form: x.yielded(source, form) for form in (*FORMS, *CROSSED)}
        for similarity in ("cosine", "neg_l2"):
            soft_S, sharp_S = (share[Form(similarity, t)] for t in (1.0, 0.1))
            where = f"{x.names[source]}, {similarity}: t = 1 less t = 0.1"
            found.append(Found(where, interval(soft_S - sharp_S)))
    return _claim(
        "How much SupCR yields is a matter of its strength: at t = 1 it loses a larger share of "
        "what it gains than at t = 0.1, with either similarity. (Share of SupCR's gain that "
        "composition takes away.)",
        found,
        _above,
        2,
    )


def splitting_ends_it(x: Reader) -> Claim:
    """Whether the gradients no longer oppose each other with a split latent."""
    found = []
    for source, form, where in x.places():
        cosine_S = x.during(source, Arm(Terms.BOTH, form, is_split=True), form, "parameter")
        found.append(Found(where, interval(cosine_S)))
    return _claim(
        "Splitting the latent ends the conflict of the gradients: at the latents by definition, "
        "and at the parameters nearly so. (Cosine at the parameters, trained on both, split.)",
        found,
        lambda each: abs(each.mean) < _LITTLE,
    )


def splitting_gives_up(x: Reader) -> Claim:
    """Whether the residual of the whole latent is larger with a split."""
    found = []
    for source, form, where in x.places():
        split, whole = Arm(Terms.BOTH, form, is_split=True), Arm(Terms.BOTH, form)
        found.append(Found(where, x.change(source, split, whole, "residual")))
    return _claim(
        "It does so by giving up the composition: one half of the latent composes, and what does "
        "not moves to the other. (Residual over z_P, whole latent, split less not split.)",
        found,
        _above,
    )


def pcgrad_takes_sides(x: Reader) -> Claim:
    """Whether PCGrad serves composition."""
    found = []
    for source, form, where in x.places():
        arm, fixed = Arm(Terms.BOTH, form, is_pcgrad=True), Arm(Terms.BOTH, form)
        found.append(Found(where, x.change(source, arm, fixed, "residual")))
    return _claim(
        "PCGrad takes sides with the composition: the residual falls. (Residual over z_P, PCGrad "
        "less fixed weights.)",
        found,
        _below,
    )


def ranks_do_not_tell(x: Reader) -> Claim:
    """Whether adding composition to SupCR changes held-out ranks."""
    found = []
    for source, form, where in x.places():
        for reading in ("intact", "compose"):
            arms = (Arm(Terms.BOTH, form), Arm(Terms.SUPCR, form))
            found.append(Found(f"{where}, y_{reading}", x.rank(source, *arms, f"kept {reading}")))
    return _claim(
        "Held-out ranks do not tell whether composition was added to SupCR. (Spearman of both "
        "terms less that of SupCR without composition, weights that early stopping keeps.)",
        found,
        lambda each: not _above(each) and not _below(each),
    )


CLAIMS = (
    at_the_start,
    where_cosine_pulls,
    who_asks_for_r,
    at_the_latents,
    at_the_parameters,
    no_better_by_distance,
    made_by_training,
    supcr_pays,
    composition_pays,
    composition_still_works,
    strength_decides,
    splitting_ends_it,
    splitting_gives_up,
    pcgrad_takes_sides,
    ranks_do_not_tell,
)


def all_claims(x: Reader) -> list[Claim]:
    """In the order of the argument."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return [claim(x) for claim in CLAIMS]
