"""The data sets of the rows, ingested by the code of the service into canonical tables."""

import csv
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.contract.datasets import CovariateColumn, DatasetSpec, LabelColumn
from worker.data.ingest import ingest_table

EXAMPLES = Path(__file__).parents[2] / "examples"
_FORMAT = 1  # of the tables in the work folder

GROUP = "gene_pair"  # a column that is added where a source has a `group`

Line = Mapping[str, str]


class MissingDataError(Exception):
    """A file is in neither the examples nor the data folder."""


@dataclass(frozen=True)
class Source:
    """A file, which of its rows count, and what its columns mean.

    `spec` sees the kept rows: alleles have to be listed, for instance. `group` names what must not
    straddle a split, where that is more than the design.
    """

    file: str
    spec: Callable[[list[Line]], dict[str, Any]]
    keeps: Callable[[Line], bool] = lambda _: True
    group: Callable[[Line], str] | None = None


@dataclass(frozen=True)
class Data:
    """A canonical table, its columns, and the sha256 of the file it was made from."""

    name: str
    table: Path
    labels: tuple[LabelColumn, ...]
    covariates: tuple[CovariateColumn, ...]
    sha256: str
    group: str | None = None


def _isoprenol(_: list[Line]) -> dict[str, Any]:
    mapping: dict[str, Any] = json.loads((EXAMPLES / "isoprenol" / "mapping.json").read_text())
    return mapping


def _score(name: str, measure: str, unit: str) -> dict[str, Any]:
    return {"name": name, "kind": "interaction", "measure": measure, "unit": unit}


def _kinds(alleles: set[str]) -> dict[str, Any]:
    """A full deletion is one; what else the screens crossed (DAmP, ts, ...) are alleles."""
    return {
        allele: {"kind": "deletion"}
        if allele == "DELETION"
        else {"kind": "allele", "variant": allele}
        for allele in sorted(alleles)
    }


def _emap(rows: list[Line]) -> dict[str, Any]:
    kinds = _kinds({row[f"allele_{side}"] for row in rows for side in "ab"})
    columns = [
        {"locus_column": f"gene_{side}", "kind_column": f"allele_{side}", "kinds": kinds}
        for side in "ab"
    ]
    return {
        "design": {"layout": "edits", "columns": columns},
        "labels": [_score("s_score", "s_score", "1")],
        "group_column": GROUP,
        "on_bad_rows": "skip",  # pairs of two alleles of one gene are no designs
    }


def _gene_pair(row: Line) -> str:
    """Alleles of a gene, and both orders of a pair, are on one side of a split."""
    return "|".join(sorted((row["gene_a"], row["gene_b"])))


def _costanzo(_: list[Line]) -> dict[str, Any]:
    columns = [{"locus_column": f"gene_{side}", "kind": "deletion"} for side in "ab"]
    part = {"name": "part", "column": "part", "role": "batch", "known_at": "after_build"}
    return {
        "design": {"layout": "edits", "columns": columns},
        "labels": [_score("epsilon", "epsilon", "1")],
        "covariates": [part],
        "on_bad_rows": "skip",
    }


def _fba(_: list[Line]) -> dict[str, Any]:
    return {
        "design": {"layout": "genotype", "column": "knockouts", "kind": "deletion"},
        "labels": [{"name": "growth", "column": "growth", "kind": "fitness", "unit": "relative"}],
    }


def _is_measured(row: Line) -> bool:
    return row["source"] == "Collins2007" and row["s_score"] not in {"", "NaN"}


SOURCES: Mapping[str, Source] = {
    "isoprenol": Source("isoprenol/putida_isoprenol_designs.tsv", _isoprenol),
    "emap_collins": Source("yeast_emap.tsv.gz", _emap, _is_measured, _gene_pair),
    "costanzo": Source("yeast_costanzo2016_dcell_slice.tsv.gz", _costanzo),
    "fba_ecoli_core": Source("fba_ecoli_core.tsv.gz", _fba),
}


def find(file: str, folder: Path | None) -> Path:
    """A file of the examples, or of the data folder.

    Raises:
        MissingDataError: it is in neither.
    """
    places = [EXAMPLES / file] + ([folder / file] if folder else [])
    for place in places:
        if place.exists():
            return place
    where = f"in {folder}" if folder else "among the examples, and no data folder was given"
    raise MissingDataError(
        f"{Path(file).name} is not {where}: name its folder with --data, or in CELLGEBRA_DATA"
    )


def lines(path: Path) -> list[Line]:
    """Rows of a tab-separated file."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return list(csv.DictReader(text.decode().splitlines(), delimiter="\t"))


def _grouped(row: Line, source: Source) -> Line:
    return row if source.group is None else {**row, GROUP: source.group(row)}


def _write(path: Path, rows: list[Line]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def load(name: str, folder: Path | None, work: Path) -> Data:
    """A data set; it is ingested once and kept in the work folder.

    Raises:
        MissingDataError: its file is in neither the examples nor the data folder.
    """
    source = SOURCES[name]
    path = find(source.file, folder)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    group = GROUP if source.group else None
    own = work / "tables" / f"{name}-{digest[:12]}-{_FORMAT}{group or ''}"
    table, columns = own / "table.parquet", own / "columns.json"
    if not columns.exists():
        own.mkdir(parents=True, exist_ok=True)
        rows = [_grouped(row, source) for row in lines(path) if source.keeps(row)]
        _write(own / "rows.tsv", rows)
        done = ingest_table(
            own / "rows.tsv",
            DatasetSpec.model_validate(source.spec(rows)),
            table,
            progress=lambda _: None,
            should_stop=lambda: False,
        )
        columns.write_text(done.spec.model_dump_json())
    spec = DatasetSpec.model_validate_json(columns.read_text())
    return Data(name, table, spec.labels, spec.covariates, digest, group)
