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
