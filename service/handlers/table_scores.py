"""Scores of a table: its designs are read apart, and then scored as those of any request."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from service.contract.errors import CellgebraError, Offender
from service.contract.inference import ScoreRequest
from service.contract.score_tables import TableForm
from service.handlers.context import Caller, Context
from service.handlers.invalid import invalid_request
from service.handlers.scoring import score_bytes

DEFAULT_TIMEOUT_SECONDS: float = ScoreRequest.model_fields["timeout_seconds"].default

_PLACE = re.compile(r"genotypes\[(\d+)\]")


@dataclass(frozen=True)
class DesignTable:
    """A table to score: its body, its form, and the column that holds the designs.

    `options` are the fields of a `ScoreRequest` but for the genotypes.
    """

    body: bytes
    form: TableForm
    column: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


async def score_table(
    context: Context, caller: Caller, reference: str, table: DesignTable
) -> bytes:
    """The scores of a table's designs in the order of its rows, as JSON.

    Whatever is wrong with a design is told with its row, and before anything is scored.

    Raises:
        BrokenTableError: the body is no such table, or is damaged; it says where.
        BadTableError: the table has no column of designs, too many rows, or rows without one.
        CellgebraError: as `score`.
    """
    clock = asyncio.get_running_loop().time
    timeout_seconds = table.options.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
    end = clock() + timeout_seconds
    read = await context.tables.read(
        table.body, table.form, table.column, timeout_seconds=timeout_seconds
    )
    left_seconds = max(end - clock(), 0.001)
    options = {**table.options, "timeout_seconds": left_seconds}
    try:
        request = ScoreRequest.model_validate({"genotypes": read.genotypes, **options})
        return await score_bytes(context, caller, reference, request)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False), options) from None
    except CellgebraError as error:
        error.offenders = [_in_row(offender, read.column) for offender in error.offenders]
        raise


async def in_form(
    context: Context,
    answer: bytes,
    form: TableForm,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> bytes:
    """Scores, in JSON, as a table.

    Raises:
        CellgebraError: it could not be written, or not in time.
    """
    return await context.tables.write(answer, form, timeout_seconds=timeout_seconds)


def _in_row(offender: Offender, column: str) -> Offender:
    """What is wrong with a genotype of the request, as the row of the table that it was."""
    place = _PLACE.fullmatch(offender.field or "")
    if place is None:
        return offender
    update = {"field": None, "row": int(place[1]) + 1, "column": column}
    return offender.model_copy(update=update)
