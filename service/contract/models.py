"""Model specs: what can be trained. Every spec states its formula and source."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AdditiveSpec(_Spec):
    """Ridge regression on edits: y = b + sum_e r_kind(level_e) * w_e, in closed form.

    `penalty` is ridge's lambda on the standardised label; None selects it by leave-one-out
    error among 13 values between 0.01 and 10,000.
    """

    kind: Literal["additive"] = "additive"
    penalty: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class PerturbationSetSpec(_Spec):
    """z_P = sum of shifts; z_I = z_W + z_P + attention among the edited loci.

    The attention's output projection starts at zero, so that the model nests the additive one
    and what it adds is the interaction. Both readings h(z_W + z_P) and h(z_I) are supervised.
    """

    kind: Literal["perturbation_set"] = "perturbation_set"
    latent_dim: Annotated[int, Field(ge=2, le=1024)] = 32
    attention_heads: Annotated[int, Field(ge=1, le=16)] = 4
    attention_layers: Annotated[int, Field(ge=1, le=8)] = 1
    head: Literal["linear", "quadratic", "mlp"] = "mlp"
    hidden_dim: Annotated[int, Field(ge=2, le=4096)] = 64
    hidden_layers: Annotated[int, Field(ge=1, le=2)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1


ModelSpec = Annotated[AdditiveSpec | PerturbationSetSpec, Field(discriminator="kind")]
