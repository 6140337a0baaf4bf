"""The canonical table that ingest wrote, as arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from service.contract.designs import Design, parse_genotype

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Coded:
    """A text column as codes into its distinct values; -1 is missing."""

    values: tuple[str, ...]
    code_N: Codes

    def where(self, wanted: tuple[str, ...]) -> Flags:
        """Rows whose value is one of `wanted`."""
        codes = [code for code, value in enumerate(self.values) if value in wanted]
        return np.isin(self.code_N, codes)

    def rows(self, kept_N: Flags) -> "Coded":
        """Some of the rows, and the values among them."""
        used = np.unique(self.code_N[kept_N])
        used = used[used >= 0]
        place = np.full(len(self.values) + 1, -1, dtype=np.int64)
        place[used] = np.arange(len(used))
        return Coded(tuple(self.values[code] for code in used), place[self.code_N[kept_N]])


@dataclass(frozen=True)
class DesignTable:
    """Rows of measurements; `designs` holds each design once, `design_N` points into it.

    `group_N` points into `groups` and `background_N` into `backgrounds`. `sds` holds the measured
    sds of the labels that have a column of them, NaN where missing.
    """

    designs: tuple[Design, ...]
    design_N: Codes
    groups: tuple[str, ...]
    group_N: Codes
    build_N: Codes
    is_control_N: Flags
    backgrounds: tuple[str, ...]
    background_N: Codes
    labels: dict[str, Floats]
    sds: dict[str, Floats]
    covariates: dict[str, Coded]

    def __len__(self) -> int:
        return len(self.design_N)

    def rows(self, kept_N: Flags) -> "DesignTable":
        """Some of the rows; nothing of the others is left, no design and no name."""
        used, design_N = np.unique(self.design_N[kept_N], return_inverse=True)
        groups = Coded(self.groups, self.group_N).rows(kept_N)
        backgrounds = Coded(self.backgrounds, self.background_N).rows(kept_N)
        return DesignTable(
            designs=tuple(self.designs[place] for place in used),
            design_N=design_N.reshape(-1),
            groups=groups.values,
            group_N=groups.code_N,
            build_N=self.build_N[kept_N],
            is_control_N=self.is_control_N[kept_N],
            backgrounds=backgrounds.values,
            background_N=backgrounds.code_N,
            labels={name: value_N[kept_N] for name, value_N in self.labels.items()},
            sds={name: sd_N[kept_N] for name, sd_N in self.sds.items()},
            covariates={name: column.rows(kept_N) for name, column in self.covariates.items()},
        )


def _coded(column: pa.ChunkedArray) -> Coded:
    """Codes in the order of the sorted values, so that the order of rows does not show in them."""
    encoded = pc.dictionary_encode(column.cast(pa.string()).combine_chunks())
    values = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
    raw_N = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False))
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    return Coded(tuple(values[order]), rank[raw_N])


def _floats(column: pa.ChunkedArray) -> Floats:
    filled = pc.fill_null(column.cast(pa.float64()), float("nan"))
    return np.asarray(filled.to_numpy(), dtype=np.float64)


def _prefixed(table: pa.Table, prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): table.column(name)
        for name in table.column_names
        if name.startswith(prefix)
    }


def read_table(path: Path) -> DesignTable:
    """Read a canonical table; each distinct genotype is parsed once."""
    table = pq.read_table(path)
    genotypes = _coded(table.column("genotype"))
    groups, backgrounds = _coded(table.column("group")), _coded(table.column("background"))
    controls = pc.fill_null(table.column("is_control"), False)
    return DesignTable(
        designs=tuple(parse_genotype(text) for text in genotypes.values),
        design_N=genotypes.code_N,
        groups=groups.values,
        group_N=groups.code_N,
        build_N=_coded(table.column("build")).code_N,
        is_control_N=np.asarray(controls.to_numpy(zero_copy_only=False), dtype=bool),
        backgrounds=backgrounds.values,
        background_N=backgrounds.code_N,
        labels={name: _floats(c) for name, c in _prefixed(table, "label.").items()},
        sds={name: _floats(c) for name, c in _prefixed(table, "sd.").items()},
        covariates={name: _coded(c) for name, c in _prefixed(table, "covariate.").items()},
    )
