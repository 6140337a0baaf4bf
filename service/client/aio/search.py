"""A search under way, and what it proposes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar, Literal

from service.client.aio.paging import pages
from service.client.aio.runs import AsyncJobRun
from service.client.paths import path_of
from service.contract.errors import InvalidArgumentError
from service.contract.proposals import Proposal
from service.contract.resources import SearchJob

PATH = "/v1/search-jobs"

_FILES = {".tsv": "proposals.tsv", ".parquet": "proposals.parquet"}


class AsyncSearchRun(AsyncJobRun[SearchJob]):
    """A handle on a search; `job` is what was last read of it."""

    path: ClassVar[str] = PATH

    def proposals(
        self,
        *,
        order: int | None = None,
        locus: str | None = None,
        is_pareto: bool = False,
        is_new_combination: bool = False,
        order_by: Literal["rank", "check_rank"] = "rank",
    ) -> AsyncIterator[Proposal]:
        """What it proposes, the best first, fetched page by page.

        Raises:
            FailedPreconditionError: it has not SUCCEEDED.
        """
        parameters = {
            "order": order,
            "locus": locus,
            "is_pareto": is_pareto or None,
            "is_new_combination": is_new_combination or None,
            "order_by": order_by,
        }
        return pages(
            self._transport, path_of(self.path, self.id, "/proposals"), Proposal, parameters
        )

    async def save_order_sheet(self, path: str | Path) -> Path:
        """Write the order sheet as tab-separated values; returns its path.

        Raises:
            NotFoundError: the spec asked for none, or the search has not SUCCEEDED.
        """
        return await self._save(Path(path), "order_sheet.tsv")

    async def save(self, path: str | Path) -> Path:
        """Write all proposals to a file, by its ending: `.tsv` or `.parquet`; returns its path.

        Raises:
            InvalidArgumentError: it has another ending.
            NotFoundError: the search has not SUCCEEDED.
        """
        target = Path(path)
        name = _FILES.get(target.suffix)
        if name is None:
            raise InvalidArgumentError(f"{target.name}: name the file .tsv or .parquet")
        return await self._save(target, name)

    async def _save(self, target: Path, name: str) -> Path:
        answer = await self._transport.send("GET", path_of(self.path, self.id, f"/{name}"))
        target.write_bytes(answer.content)
        return target
