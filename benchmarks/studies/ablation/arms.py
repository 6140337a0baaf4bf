"""What is varied, one thing at a time: a term less or more, another head, another dimension."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.contract.latent_models import PerturbationSetSpec
from service.contract.losses import LossSpec

DEFAULT = "default"


@dataclass(frozen=True)
class Arm:
    """A change of the default, and what it asks."""

    name: str
    loss: Callable[[], LossSpec] = LossSpec
    model: Callable[[], PerturbationSetSpec] = PerturbationSetSpec

    def fields(self) -> dict[str, Any]:
        """Fields of a training spec."""
        return {
            "loss": self.loss().model_dump(mode="json"),
            "model": self.model().model_dump(mode="json"),
        }


def default_terms() -> tuple[str, ...]:
    """Names of the terms of the default loss that can be left out."""
    loss = LossSpec()
    return tuple(term.name for term in loss.terms if term.name != loss.regression.name)


def _without(*names: str) -> Callable[[], LossSpec]:
    def loss() -> LossSpec:
        return LossSpec(terms=tuple(t for t in LossSpec().terms if t.name not in names))

    return loss


def _weighing(name: str, weight: float) -> Callable[[], LossSpec]:
    def loss() -> LossSpec:
        terms = [t.model_dump() for t in LossSpec().terms]
        return LossSpec.model_validate(
            {"terms": [{**t, "weight": weight} if t["name"] == name else t for t in terms]}
        )

    return loss


def _model(**changes: object) -> Callable[[], PerturbationSetSpec]:
    return lambda: PerturbationSetSpec.model_validate(changes)


def arms() -> list[Arm]:
    """The default first, then each change that differs from it."""
    terms = default_terms()
    found = [Arm(DEFAULT)]
    found += [Arm(f"without {name}", loss=_without(name)) for name in terms]
    found += [Arm(f"{name} at 1", loss=_weighing(name, 1.0)) for name in terms]
    if len(terms) > 1:
        found.append(Arm("regression alone", loss=_without(*terms)))
    found += [
        Arm(f"head {head}", model=_model(head=head)) for head in ("linear", "quadratic", "mlp")
    ]
    found += [Arm(f"activation {kind}", model=_model(activation=kind)) for kind in ("gelu", "relu")]
    found += [Arm(f"{dim} dimensions", model=_model(latent_dim=dim)) for dim in (8, 32, 128)]
    plain = found[0].fields()
    return [found[0], *(arm for arm in found[1:] if arm.fields() != plain)]
