"""Files of proposals hold what the proposals hold, with units in the names of the columns."""

import csv
import io

import pyarrow.parquet

from tests.service.contract.repositories.test_proposals import FOUND
from worker.search.proposal_table import as_parquet, as_tsv


def test_a_row_a_proposal_in_both_formats():
    rows = list(csv.reader(io.StringIO(as_tsv(FOUND).decode()), delimiter="\t"))
    table = pyarrow.parquet.read_table(io.BytesIO(as_parquet(FOUND)))
    assert rows[0] == table.column_names
    assert [row[2] for row in rows[1:]] == [proposal.genotype for proposal in FOUND]
    assert table["titer intact_mean [mg/L]"].to_pylist() == [1.5, 1.5, 1.5]
    assert rows[1][rows[0].index("titer intact_mean [mg/L]")] == "1.5"
    assert rows[1][rows[0].index("edit_support")] == ""
    assert "titer sign_disagrees" in rows[0]


def test_no_proposals_are_a_table_without_rows():
    assert as_tsv([]).decode().count("\n") == 1
    assert pyarrow.parquet.read_table(io.BytesIO(as_parquet([]))).num_rows == 0
