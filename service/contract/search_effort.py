"""How much work the strategies of a search may do that do not go through all designs."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class BranchAndBoundSpec(BaseModel):
    """When a branch and bound ends without a proof: after so many nodes, or seconds.

    Then it says by how much, at most, the best of what was not looked at can be better. With
    `seconds` what is found depends on the machine; without, on the spec and the model alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    nodes: Annotated[int, Field(ge=1, le=10**10)] = 1_000_000
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class EvolutionSpec(BaseModel):
    """How an evolutionary search goes: the same spec and model give the same proposals.

    At most `designs` are scored, of all orders together; `population` of each order live. Where the
    best proposals have not changed for `patience` generations, it begins anew from random designs,
    and ends after `restarts` in a row that have found nothing better. All is drawn by `seed`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    designs: Annotated[int, Field(ge=1, le=10**8)] = 200_000
    population: Annotated[int, Field(ge=2, le=10_000)] = 200
    patience: Annotated[int, Field(ge=1, le=10_000)] = 20
    restarts: Annotated[int, Field(ge=0, le=1000)] = 2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
