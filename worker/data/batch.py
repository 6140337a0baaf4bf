"""A batch of rows on its way through ingest, and what is wrong with its rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from service.contract.errors import Offender

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Offenders kept from one check of one batch: as many as a profile lists of all.
LISTED_ROWS = 1000
VALUE_CHARACTERS = 200


@dataclass(frozen=True)
class Batch:
    """Some rows of the wanted columns; `rows` are their numbers in the file."""

    rows: Rows
    columns: dict[str, pa.Array]


class Problems:
    """Collects the bad rows of one batch."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.bad: Mask = np.zeros(len(rows), dtype=bool)
        self.offenders: list[Offender] = []

    def add(
        self,
        indices: npt.NDArray[np.integer],
        message: str,
        *,
        column: str | None = None,
        values: Iterable[object] = (),
        suggestions: Iterable[str] = (),
    ) -> None:
        """Mark rows of the batch (by index) as bad, with the value that each one holds."""
        self.bad[indices] = True
        suggested = list(suggestions)
        shown = list(values)
        for position, index in enumerate(indices[:LISTED_ROWS]):
            value = shown[position] if position < len(shown) else None
            self.offenders.append(
                Offender(
                    message=message,
                    row=int(self._rows[index]),
                    column=column,
                    value=None if value is None else str(value)[:VALUE_CHARACTERS],
                    suggestions=suggested,
                )
            )
