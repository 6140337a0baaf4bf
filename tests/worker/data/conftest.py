"""One way to ingest a table that a test writes down."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from service.contract.datasets import DatasetSpec
from worker.data.ingest import ingest_table


class Ingest:
    """Ingests bytes or text; `rows` are those of the table written last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "upload"
        self.table_path = folder / "table.parquet"
        self.progress: list[float] = []

    def __call__(self, content, spec, *, should_stop=lambda: False):
        self.source.write_bytes(content.encode() if isinstance(content, str) else content)
        return ingest_table(
            self.source,
            DatasetSpec.model_validate(spec),
            self.table_path,
            progress=self.progress.append,
            should_stop=should_stop,
        )

    @property
    def rows(self):
        return pq.read_table(self.table_path).to_pylist()

    def column(self, name):
        return pq.read_table(self.table_path)[name].to_pylist()

    @property
    def left_behind(self):
        """Files in the folder other than the upload."""
        return [path.name for path in self.folder.iterdir() if path != self.source]


@pytest.fixture
def ingest(tmp_path):
    return Ingest(tmp_path)


@pytest.fixture
def simple_spec():
    """Loci joined by + in `genes`, one label `y`."""
    return {
        "design": {"layout": "genotype", "column": "genes", "kind": "deletion"},
        "labels": [{"name": "y", "kind": "fitness", "unit": "relative"}],
    }
