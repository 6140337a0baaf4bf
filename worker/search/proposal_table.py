"""Proposals as a table: one row each, units in the names of the columns."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from service.contract.proposals import Proposal, ProposalLabel

_OF_DESIGN = tuple(name for name in Proposal.model_fields if name != "labels")
_WITHOUT_UNIT = frozenset({"sign_disagrees"})
_OF_LABEL = tuple(name for name in ProposalLabel.model_fields if name not in ("name", "unit"))


def proposal_table(proposals: Sequence[Proposal]) -> pa.Table:
    """The table; a label's columns are named like `titer compose_mean [mg/L]`."""
    columns: dict[str, list[Any]] = {
        name: [getattr(proposal, name) for proposal in proposals] for name in _OF_DESIGN
    }
    for index, label in enumerate(proposals[0].labels if proposals else ()):
        for name in _OF_LABEL:
            unit = "" if name in _WITHOUT_UNIT or not label.unit else f" [{label.unit}]"
            columns[f"{label.name} {name}{unit}"] = [
                getattr(proposal.labels[index], name) for proposal in proposals
            ]
    return pa.table(columns)


def as_parquet(proposals: Sequence[Proposal]) -> bytes:
    """The table as a Parquet file."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(proposal_table(proposals), sink)
    return sink.getvalue()


def as_tsv(proposals: Sequence[Proposal]) -> bytes:
    """The table as tab-separated values; text is quoted where it has to be."""
    table = proposal_table(proposals)
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter="\t", lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return sink.getvalue().encode()
