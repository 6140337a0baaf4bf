"""What is varied: the terms that are trained, SupCR's similarity, the split, the weighting."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from service.contract.losses import CompositionTerm, LossSpec, MseTerm, SupcrTerm, Weighting
from worker.losses.supcr import Similarity

SPLIT_SHARE = 0.5


class Terms(StrEnum):
    """The terms of an arm, beside mse."""

    NONE = "mse"
    SUPCR = "supcr"
    COMPOSITION = "composition"
    BOTH = "supcr + composition"


@dataclass(frozen=True, order=True)
class Form:
    """A form of SupCR."""

    similarity: Similarity
    temperature: float

    def __str__(self) -> str:
        return f"{self.similarity} t={self.temperature:g}"

    def term(self) -> SupcrTerm:
        """As the loss spec names it, at its default weight."""
        return SupcrTerm(similarity=self.similarity, temperature=self.temperature)


# As published, and as it is by default here.
COSINE = Form("cosine", 0.1)
NEG_L2 = Form("neg_l2", 1.0)
FORMS = (COSINE, NEG_L2)
# Each at the other's temperature: is it the similarity that matters, or its scale?
CROSSED = (Form("cosine", 1.0), Form("neg_l2", 0.1))


@dataclass(frozen=True)
class Arm:
    """One setting of the factors. `form` is None where SupCR is not trained on."""

    terms: Terms = Terms.NONE
    form: Form | None = None
    is_split: bool = False
    is_pcgrad: bool = False

    def __str__(self) -> str:
        parts = [str(self.terms).replace("supcr", f"supcr[{self.form}]")]
        parts += ["split"] * self.is_split + ["pcgrad"] * self.is_pcgrad
        return ", ".join(parts)

    @property
    def latent_split(self) -> float | None:
        """As the loss spec names it."""
        return SPLIT_SHARE if self.is_split else None

    @property
    def looked_at(self) -> tuple[Form, ...]:
        """Forms of SupCR that are looked at, whether they are trained on or not."""
        if self.terms is Terms.NONE:
            return (*FORMS, *CROSSED)
        return FORMS if self.form is None or self.form in FORMS else (*FORMS, self.form)

    def loss(self) -> LossSpec:
        """The loss that is trained, every term at its default weight."""
        terms: list[MseTerm | SupcrTerm | CompositionTerm] = [MseTerm()]
        if self.form is not None:
            terms.append(self.form.term())
        if self.terms in {Terms.COMPOSITION, Terms.BOTH}:
            terms.append(CompositionTerm())
        weighting = Weighting.PCGRAD if self.is_pcgrad else Weighting.FIXED
        return LossSpec(terms=tuple(terms), weighting=weighting, latent_split=self.latent_split)


MSE = Arm()


def factorial() -> list[Arm]:
    """Every combination that differs from the others, and both forms at the other temperature.

    Without SupCR there is no form; with mse alone neither split nor weighting says anything.
    """
    found = [MSE]
    for is_split, is_pcgrad in product((False, True), repeat=2):
        found.append(Arm(Terms.COMPOSITION, None, is_split, is_pcgrad))
        for form, terms in product(FORMS, (Terms.SUPCR, Terms.BOTH)):
            found.append(Arm(terms, form, is_split, is_pcgrad))
    return found + [Arm(terms, form) for form in CROSSED for terms in (Terms.SUPCR, Terms.BOTH)]


def small_factorial() -> list[Arm]:
    """Fixed weights and the two main forms alone."""
    return [arm for arm in factorial() if not arm.is_pcgrad and arm.form not in CROSSED]
