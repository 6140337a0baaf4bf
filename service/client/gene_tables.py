# Generated from service/client/aio/gene_tables.py by `make client`. Change that file.
"""Gene tables and their networks, as the client sees them."""

from collections.abc import Callable, Iterator
from typing import Any

from service.client.paging import pages
from service.client.paths import path_of
from service.client.problems import spec_of
from service.client.transport import Transport
from service.client.uploads import Table, send_table, wait_until_ready
from service.contract.datasets import DatasetState
from service.contract.genes import GeneTableSpec, NetworkSpec
from service.contract.resources import GeneTable, Network

_PATH = "/v1/gene-tables"


class GeneTables:
    """The gene tables of the caller's project. What is READY never changes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        table: Table,
        spec: GeneTableSpec | dict[str, Any],
        *,
        name: str | None = None,
        wait: bool = True,
        timeout_seconds: float = 3600.0,
        progress: bool | Callable[[GeneTable], object] = False,
    ) -> GeneTable:
        """Upload features and other names of genes (a path, the bytes, or a frame).

        Of an AnnData it is `var`, with its index as the first column: called as the index is, or
        `index`.

        With `wait`, returns once it is READY; `timeout_seconds` bounds that wait. `progress` True
        writes one line to stderr; a function is called with the table whenever it was read.

        Raises:
            InvalidArgumentError: the spec is none; every offence is listed.
            BadTableError: the table does not hold what the spec says; rows and columns are listed.
            DeadlineExceededError: it is still INGESTING.
        """
        chosen = spec_of(GeneTableSpec, spec)
        answer = send_table(self._transport, _PATH, table, chosen, name=name, part="var")
        made = GeneTable.model_validate(answer)
        if not wait:
            return made
        return wait_until_ready(made, lambda: self.get(made.id), timeout_seconds, progress)

    def upload_network(
        self,
        gene_table_id: str,
        table: Table,
        spec: NetworkSpec | dict[str, Any],
        *,
        name: str,
        wait: bool = True,
        timeout_seconds: float = 3600.0,
        progress: bool | Callable[[Network], object] = False,
    ) -> Network:
        """Upload a list of edges between the genes of a table; trainings call it by `name`.

        `wait`, `timeout_seconds` and `progress` are those of `upload`.

        Raises:
            NotFoundError: there is no such gene table.
            FailedPreconditionError: the gene table is not READY.
            NameTakenError: the gene table has a network of this name.
            BadTableError: the list does not hold what the spec says, or no name is in the table.
            DeadlineExceededError: it is still INGESTING.
        """
        chosen = spec_of(NetworkSpec, spec)
        path = path_of(_PATH, gene_table_id, "/networks")
        made = Network.model_validate(send_table(self._transport, path, table, chosen, name=name))
        if not wait:
            return made
        return wait_until_ready(
            made, lambda: self.network(gene_table_id, made.id), timeout_seconds, progress
        )

    def get(self, gene_table_id: str) -> GeneTable:
        """Read a gene table.

        Raises:
            NotFoundError: there is no such gene table.
        """
        return GeneTable.model_validate(self._transport.get(path_of(_PATH, gene_table_id)))

    def cancel(self, gene_table_id: str) -> GeneTable:
        """Cancel the ingest of a gene table that is INGESTING: its worker ends within seconds.

        Raises:
            NotFoundError: there is no such gene table.
            FailedPreconditionError: its ingest has ended.
        """
        path = path_of(_PATH, gene_table_id, ":cancel")
        return GeneTable.model_validate(self._transport.post(path))

    def delete(self, gene_table_id: str, *, cascade: bool = False) -> None:
        """Delete a gene table; with `cascade` also all that depends on it.

        Raises:
            NotFoundError: there is no such gene table.
            FailedPreconditionError: something depends on it, or is at work.
        """
        self._transport.delete(path_of(_PATH, gene_table_id), cascade=cascade)

    def list(self, *, state: DatasetState | None = None) -> Iterator[GeneTable]:
        """Every gene table, newest first."""
        return pages(self._transport, _PATH, GeneTable, {"state": state})

    def network(self, gene_table_id: str, network_id: str) -> Network:
        """Read a network.

        Raises:
            NotFoundError: there is no such gene table, or network.
        """
        path = path_of(path_of(_PATH, gene_table_id, "/networks"), network_id)
        return Network.model_validate(self._transport.get(path))

    def networks(self, gene_table_id: str) -> Iterator[Network]:
        """Every network of a gene table, newest first."""
        return pages(self._transport, path_of(_PATH, gene_table_id, "/networks"), Network, {})

    def cancel_network(self, gene_table_id: str, network_id: str) -> Network:
        """Cancel the ingest of a network that is INGESTING: its worker ends within seconds.

        Raises:
            NotFoundError: there is no such gene table, or network.
            FailedPreconditionError: its ingest has ended.
        """
        path = path_of(path_of(_PATH, gene_table_id, "/networks"), network_id, ":cancel")
        return Network.model_validate(self._transport.post(path))

    def delete_network(self, gene_table_id: str, network_id: str, *, cascade: bool = False) -> None:
        """Delete a network; with `cascade` also all that depends on it.

        Raises:
            NotFoundError: there is no such gene table, or network.
            FailedPreconditionError: something depends on it, or is at work.
        """
        self._transport.delete(
            path_of(path_of(_PATH, gene_table_id, "/networks"), network_id), cascade=cascade
        )
