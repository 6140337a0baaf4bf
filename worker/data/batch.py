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
    """Collects the bad rows of one batch; of each check it lists the first `listed_rows`."""

    def __init__(self, rows: Rows, listed_rows: int = LISTED_ROWS) -> None:
        self._rows = rows
        self.listed_rows = listed_rows
        self.bad: Mask = np.zeros(len(rows), dtype=bool)
        self.offenders: list[Offender] = []

    def add(
        self,
        indices: npt.NDArray[np.integer],
        message: str,
        *,
        column: str,
        values: Iterable[object],
    ) -> None:
        """Mark rows of the batch (by index) as bad, with the value that each one holds."""
        for index, value in zip(self.mark(indices).tolist(), values, strict=False):
            self.list_row(index, message, column, str(value), ())

    def mark(self, indices: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        """Mark rows as bad; returns those that are to be listed."""
        self.bad[indices] = True
        return indices[: self.listed_rows]

    def list_row(
        self,
        index: int,
        message: str,
        column: str | None,
        value: str | None,
        suggestions: tuple[str, ...],
    ) -> None:
        """List what is wrong with one row."""
        self.offenders.append(
            Offender(
                message=message,
                row=int(self._rows[index]),
                column=column,
                value=None if value is None else value[:VALUE_CHARACTERS],
                suggestions=list(suggestions),
            )
        )
