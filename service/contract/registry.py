"""The registry of models: names, versions, aliases, and how an alias comes to mean another model.

A model is called by its id, by `name@3` (a version of a name), or by `name@champion` (an alias).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from service.contract.errors import InvalidArgumentError

ALIAS_PATTERN = "^[a-z][a-z0-9_-]{0,62}$"

# A front end asks again what a name means when it last asked this long ago. A change of an alias is
# therefore announced longer before it takes effect, so that every front end switches at one moment;
# what is left is for a slow commit, and for clocks that differ.
MEANING_SECONDS = 1.0
ANNOUNCED_AHEAD = timedelta(seconds=2)

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_VERSION = re.compile("[1-9][0-9]{0,8}")
_ALIAS = re.compile(ALIAS_PATTERN)

Alias = Annotated[str, Field(pattern=ALIAS_PATTERN)]


@dataclass(frozen=True)
class Reference:
    """How a model is called: by `model_id` alone, or by `name` with a `version` or an `alias`."""

    model_id: str | None = None
    name: str = ""
    version: int | None = None
    alias: str | None = None


def parse_reference(text: str) -> Reference:
    """Read an id, `name@version` or `name@alias`; a name may itself hold an @.

    Raises:
        InvalidArgumentError: what stands behind the @ is neither a version nor an alias; or it
            holds what no stored text can.
    """
    if _UNSTORABLE.search(text):
        raise InvalidArgumentError(f"{text!a} calls no model: it holds what no name can hold")
    name, at, rest = text.rpartition("@")
    if not at:
        return Reference(model_id=text)
    if name and _VERSION.fullmatch(rest):
        return Reference(name=name, version=int(rest))
    if name and _ALIAS.fullmatch(rest):
        return Reference(name=name, alias=rest)
    raise InvalidArgumentError(
        f"{text!r} calls no model: write its id, or its name with a version or an alias, as "
        "titer@3 or titer@champion (an alias is a small letter, then small letters, digits, - or _)"
    )


class PromotionState(StrEnum):
    """Life of a promotion."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class PromoteRequest(BaseModel):
    """Which alias of the model's name is to mean it; `note` is kept with the promotion."""

    model_config = ConfigDict(extra="forbid")

    alias: Alias
    note: Annotated[str, Field(max_length=1000)] = ""


class RollbackRequest(BaseModel):
    """Why the alias goes back; it is kept with the promotion."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=1000)] = ""


class LabelFigures(BaseModel):
    """How a model did on the test part of its training, one label, beside the null that did best.

    In the label's unit; None is "could not be measured".
    """

    name: str
    unit: str
    test_design_count: int
    spearman: float | None = None
    pearson: float | None = None
    rmse: float | None = None
    mae: float | None = None
    r2: float | None = None
    best_null: str | None = None
    best_null_spearman: float | None = None
    best_null_rmse: float | None = None


class ModelAlias(BaseModel):
    """A name for one of the models of a name. `model_id` is None until a first promotion ends."""

    name: str
    alias: str
    model_id: str | None = None
    version: int | None = None
    pending_model_id: str | None = None
    promotion_id: str | None = None
    create_time: datetime


class Promotion(BaseModel):
    """That an alias was to mean another model: from which, to which, by whom, and what came of it.

    `from_figures` and `to_figures` are what the reports of both models said when it was asked for.
    Once it has SUCCEEDED, every answer under the alias is by `to_model_id`; until `end_time`, and
    if it has FAILED, by `from_model_id`.
    """

    id: str
    name: str
    alias: str
    state: PromotionState
    from_model_id: str | None = None
    from_version: int | None = None
    to_model_id: str
    to_version: int
    from_figures: list[LabelFigures]
    to_figures: list[LabelFigures]
    note: str
    created_by: str
    create_time: datetime
    end_time: datetime | None = None
    error: dict[str, Any] | None = None


class ModelReadiness(BaseModel):
    """Whether a model can answer now; `detail` says what is missing."""

    model_id: str
    name: str
    version: int
    ready: bool
    detail: str | None = None
