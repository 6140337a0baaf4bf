"""Gene tables and networks as Parquet files, without pickle.

A gene table has a row a locus, in the order of the upload: `locus`, `aliases` (a list), and
`feature.<name>`, which is a number (float64, NaN for missing) or, of annotations, a set of
evidence codes (uint64: bit i stands for code i of the metadata; 0 is not annotated). A network
has a row an edge: `source`, `target` (loci of its table) and `score.<channel>`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from worker.data.gene_table import Codes, Floats, Network

Masks = NDArray[np.uint64]

MAX_EVIDENCE_CODES = 64
_META = b"cellgebra"
_FEATURE = "feature."
_SCORE = "score."


@dataclass(frozen=True)
class StoredGenes:
    """A gene table as it was uploaded: numbers [G, F] or evidence masks [G, F], one of them.

    `aliases_G` are the names of each row. `off_when_held_out` are names of features, or their
    beginnings with ``*``.
    """

    loci: tuple[str, ...]
    aliases_G: tuple[tuple[str, ...], ...]
    feature_names: tuple[str, ...]
    value_GF: Floats | None
    mask_GF: Masks | None = None
    evidence: tuple[str, ...] = ()
    off_when_held_out: tuple[str, ...] = ()

    def alias_rows(self) -> dict[str, frozenset[int]]:
        """Rows that each alias may be."""
        rows: dict[str, set[int]] = {}
        for row, names in enumerate(self.aliases_G):
            for name in names:
                rows.setdefault(name, set()).add(row)
        return {name: frozenset(found) for name, found in rows.items()}


@dataclass(frozen=True)
class StoredNetwork:
    """A network as it was uploaded, and the channels that are off wherever genes are held out."""

    network: Network
    off_when_held_out: tuple[str, ...] = ()


def write_genes(path: Path, genes: StoredGenes) -> None:
    """Write a gene table; the same table gives the same bytes."""
    fields = [pa.field("locus", pa.string()), pa.field("aliases", pa.list_(pa.string()))]
    columns: list[Any] = [pa.array(genes.loci, pa.string()), _lists(genes.aliases_G)]
    matrix = genes.value_GF if genes.mask_GF is None else genes.mask_GF
    kind = pa.float64() if genes.mask_GF is None else pa.uint64()
    for place, name in enumerate(genes.feature_names):
        fields.append(pa.field(_FEATURE + name, kind))
        columns.append(pa.array(np.ascontiguousarray(matrix[:, place])))  # type: ignore[index]
    meta = {"evidence": genes.evidence, "off_when_held_out": genes.off_when_held_out}
    _write(path, pa.Table.from_arrays(columns, schema=_schema(fields, meta)))


def read_genes(path: Path) -> StoredGenes:
    """Read what `write_genes` wrote."""
    table = pq.read_table(path)
    names = [name for name in table.column_names if name.startswith(_FEATURE)]
    columns = [np.asarray(table.column(name).to_numpy()) for name in names]
    has_masks = bool(columns) and columns[0].dtype == np.uint64
    matrix: Any = np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0))
    meta = json.loads(table.schema.metadata[_META])
    return StoredGenes(
        loci=tuple(table.column("locus").to_pylist()),
        aliases_G=tuple(tuple(names) for names in table.column("aliases").to_pylist()),
        feature_names=tuple(name.removeprefix(_FEATURE) for name in names),
        value_GF=None if has_masks else matrix,
        mask_GF=matrix if has_masks else None,
        evidence=tuple(meta["evidence"]),
        off_when_held_out=tuple(meta["off_when_held_out"]),
    )


def write_network(path: Path, stored: StoredNetwork, loci: tuple[str, ...]) -> None:
    """Write a network by the names of its loci."""
    network = stored.network
    names = pa.array(loci, pa.string())
    columns: list[Any] = [names.take(pa.array(row_M)) for row_M in network.edge_2M]
    columns += [pa.array(np.ascontiguousarray(score_M)) for score_M in network.score_MC.T]
    fields = [pa.field("source", pa.string()), pa.field("target", pa.string())]
    fields += [pa.field(_SCORE + channel, pa.float64()) for channel in network.channels]
    meta = {"name": network.name, "off_when_held_out": stored.off_when_held_out}
    _write(path, pa.Table.from_arrays(columns, schema=_schema(fields, meta)))


def read_network(path: Path, loci: tuple[str, ...]) -> StoredNetwork:
    """Read what `write_network` wrote, as rows of `loci`.

    Raises:
        KeyError: it is the network of another table.
    """
    table = pq.read_table(path)
    rows = {locus: row for row, locus in enumerate(loci)}
    edge_2M: Codes = np.array(
        [[rows[name] for name in table.column(end).to_pylist()] for end in ("source", "target")],
        dtype=np.int64,
    )
    names = [name for name in table.column_names if name.startswith(_SCORE)]
    meta = json.loads(table.schema.metadata[_META])
    network = Network(
        name=meta["name"],
        channels=tuple(name.removeprefix(_SCORE) for name in names),
        edge_2M=edge_2M,
        score_MC=np.stack([table.column(name).to_numpy() for name in names], axis=1),
    )
    return StoredNetwork(network, tuple(meta["off_when_held_out"]))


def _lists(names_G: tuple[tuple[str, ...], ...]) -> pa.Array:
    return pa.array([list(names) for names in names_G], pa.list_(pa.string()))


def _schema(fields: list[pa.Field], meta: dict[str, Any]) -> pa.Schema:
    return pa.schema(fields, metadata={_META: json.dumps(meta).encode()})


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd", write_statistics=False)
