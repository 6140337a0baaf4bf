"""Files of AnnData that somebody made to be read beyond bounds, or from where nobody may read."""

import pytest

from tests.security.test_tables import GIB, MIB, flipped
from tests.worker.data import h5ad_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

H5AD_SPEC = {
    "design": {"layout": "genotype", "column": "index", "kind": "knockdown"},
    "labels": [{"name": "y", "kind": "titer", "unit": "mg/L"}],
    "covariates": [{"name": "c", "role": "batch"}],
}
H5ADS = (
    *("external link", "soft link to itself", "group in itself", "values in another file"),
    *("virtual values", "more rows than there may be", "rows that nobody wrote", "a huge chunk"),
    *("chunks that nobody wrote", "a chunk that unpacks to more", "a chunk that unpacks to less"),
    *("another encoding", "bytes of no type", "references", "a code of no category"),
)


def shared_text(path):
    """64,000 rows that are one text of 16 MiB: 1 TiB in a file of 17 MiB."""
    numbers = list(range(64_000))
    columns = {"_index": [str(number) for number in numbers], "y": numbers, "c": numbers}
    h5ad_files.write(path, columns)
    h5ad_files.share_a_text(path, "_index", len(numbers), 16 * MIB)


MADE = {name: lambda path, name=name: h5ad_files.write_bad(path, name) for name in H5ADS} | {
    "a text that every row shares": shared_text,
    "nothing behind the first bytes": lambda path: path.write_bytes(
        b"\x89HDF\r\n\x1a\n" + bytes(MIB)
    ),
    "cut off": lambda path: path.write_bytes(
        h5ad_files.write(path, h5ad_files.GOOD).read_bytes()[:-2000]
    ),
    "bytes flipped": lambda path: path.write_bytes(
        flipped(h5ad_files.write(path, h5ad_files.GOOD).read_bytes(), step=613)
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_malicious_h5ad_is_refused_in_bounded_memory(growth, uploaded, tried, tmp_path, name):
    path = tmp_path / "upload.h5ad"
    MADE[name](path)
    wanted = {"group in itself": [{"name": "loop", "role": "batch"}]}
    spec = H5AD_SPEC | {"covariates": H5AD_SPEC["covariates"] + wanted.get(name, [])}
    with growth() as grown:
        found = uploaded(path.read_bytes(), spec)
        found = found.get("error", found)
    tried("malicious .h5ad", "refused: 422 with what is wrong, in bounded memory")
    assert found["reason"] == "BAD_TABLE", found
    assert "h5ad" in found["detail"]
    assert grown() < 1.5 * GIB, f"{grown() / MIB:.0f} MiB"
