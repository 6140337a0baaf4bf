"""Tables that unpack to more than a machine has, or lie about what they hold."""

import gzip
import io
import struct
import time
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.worker.data.lying_pages import SAYING, UNPACKING
from tests.worker.data.run_lengths import LONGEST_RUN, run_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 2**20
GIB = 2**30


def bomb(unit, times, head=b""):
    """Gzip of `head` and `unit` repeated: a few MB that unpack to gigabytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(head)
        for _ in range(times):
            file.write(unit)
    return packed.getvalue()


HEAD = b"strain\tisoprenol\n"
BOMBS = {
    "one line of 2 GiB": lambda: bomb(b"a" * MIB, 2048, HEAD),
    "2 GiB of zeros": lambda: bomb(bytes(MIB), 2048),
    "2 GiB of empty lines": lambda: bomb(b"\n" * MIB, 2048, HEAD),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_gzip_bomb_ends_as_a_named_error_in_bounded_memory(growth, uploaded, tried, name):
    with growth() as grown:
        found = uploaded(BOMBS[name]())
    tried("gzip bomb", "FAILED with what is wrong with the file, in bounded memory")
    assert found.get("state") == "FAILED" or found["status"] == 422, found
    assert grown() < GIB, f"{grown() / MIB:.0f} MiB"


def test_a_zip_is_no_table(upload, mapping, tried):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for place in range(10):
            file.writestr(f"../../{place}", bytes(16 * MIB))
    answer = upload(packed.getvalue(), mapping)
    tried("zip bomb", "never unpacked: 422")
    assert answer.status_code == 422, answer.text
    assert "zip archive" in answer.text


def parquet(**changes):
    columns = {"strain": ["PP_0368:knockdown"] * 4, "isoprenol": [1.0, 2.0, 3.0, 4.0]}
    written = io.BytesIO()
    pq.write_table(pa.table({**columns, **changes}), written)
    return written.getvalue()


def flipped(body, step=37):
    return bytes(b ^ (0xFF if i % step == 0 and i > 4 else 0) for i, b in enumerate(body))


RUN_SPEC = {
    "design": {"layout": "genotype", "column": "strain"},
    "labels": [{"name": "y", "kind": "fitness", "unit": "relative"}],
}
PARQUETS = {
    "footer of 2 GiB": lambda: b"PAR1" + b"x" * 64 + struct.pack("<I", 2**31 - 1) + b"PAR1",
    "bytes flipped": lambda: flipped(parquet()),
    "cut short": lambda: parquet()[:-40],
    "lists in lists": lambda: parquet(isoprenol=[[[1.0]]] * 4),
    "structs": lambda: parquet(isoprenol=[{"a": 1.0}] * 4),
    "a run of 2 million equal rows": lambda: parquet(
        strain=["PP_0368:knockdown"] * 2_000_000, isoprenol=[1.0] * 2_000_000
    ),
}


@pytest.mark.parametrize("name", PARQUETS)
def test_a_malicious_parquet_is_read_within_bounds_or_refused(growth, uploaded, tried, name):
    with growth() as grown:
        uploaded(PARQUETS[name]())
    tried("malicious Parquet", "refused: 422 with what is wrong, or read in bounded memory")
    assert grown() < GIB, f"{grown() / MIB:.0f} MiB"


STRAIN = "PP_0368:knockdown"
MORE_ROWS = "rows or more, and a data set at most 268,435,456"
RUNS_RESULT = "refused: 422 that says which bound, in bounded memory"
RUNS = {
    "2 billion rows in 400 bytes": (run_of("strain", STRAIN, LONGEST_RUN), MORE_ROWS),
    "4 trillion rows": (run_of("strain", STRAIN, LONGEST_RUN, 2000), MORE_ROWS),
    "5 MiB in each of a million rows": (run_of("strain", "a" * 5 * MIB, 10**6), "4 MiB"),
    "64 KiB in each of a million rows": (run_of("strain", "#" * 2**16, 10**6), "1,032 times"),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_length_bomb_is_refused(growth, uploaded, tried, name):
    body, said = RUNS[name]
    begin = time.monotonic()
    with growth() as grown:
        found = uploaded(body, RUN_SPEC)
    seconds = time.monotonic() - begin
    tried("Parquet whose run lengths say billions of rows, or terabytes", RUNS_RESULT)
    problem = found.get("error", found)
    assert problem["reason"] == "BAD_TABLE", found
    assert said in problem["detail"], found
    assert grown() < GIB, f"{grown() / MIB:.0f} MiB"
    assert seconds < 120


def test_a_run_length_bomb_of_genes_is_refused_before_it_is_read(growth, api, ended, tried):
    with growth() as grown:
        answer = api.post("/v1/gene-tables", content=run_of("locus", "b1", LONGEST_RUN))
        found = answer.json()
        if answer.status_code == 202:
            found = ended(f"/v1/gene-tables/{found['id']}")
    tried("Parquet whose run lengths say billions of rows, or terabytes", RUNS_RESULT)
    assert "more than 67,108,864 cells" in found.get("error", found)["detail"], found
    assert grown() < GIB / 8, f"{grown() / MIB:.0f} MiB"


PAGES = {name: make for name, (make, _) in SAYING.items()} | UNPACKING
PAGES_RESULT = "refused: 422 that says what to write instead, in bounded memory"


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_gigabytes_are_refused_in_bounded_memory(growth, uploaded, tried, name):
    body = PAGES[name]()
    _, *names = pq.read_schema(pa.BufferReader(body)).names
    labels = [{"name": label, "kind": "titer", "unit": "mg/L"} for label in names]
    with growth() as grown:
        found = uploaded(body, RUN_SPEC | {"labels": labels})
    tried("Parquet whose pages unpack to gigabytes, or say so", PAGES_RESULT)
    problem = found.get("error", found)
    assert problem["reason"] == "BAD_TABLE", found
    assert "unpacks to more than 1536 MiB" in problem["detail"] or "damaged" in problem["detail"]
    assert grown() < 2 * GIB, f"{grown() / MIB:.0f} MiB"
