"""Designs of tables: the same texts whatever the form, and every damage told with its place."""

import random

import pyarrow as pa
import pytest

from service.contract.errors import BadTableError, BrokenTableError, CellgebraError
from service.contract.inference import MAX_DESIGNS_PER_REQUEST
from service.contract.score_tables import MAX_TABLE_COLUMNS, MAX_TEXT_BYTES, TableForm
from service.tables.reading import read_designs
from tests.service.tables.bodies import FORMS, body_of, designs

TEXTS = ["", "b0720:deletion", "b0720:deletion+b0721:knockdown@0.5", "b0721:deletion"] * 5
TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.large_string()),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_form_and_kind_of_text_reads_alike(form, kind):
    column = pa.array(TEXTS, pa.string()).cast(kind) if kind != TYPES[4] else None
    if column is None:
        column = pa.array(TEXTS, pa.large_string()).dictionary_encode()
    other = pa.array([[{"deep": [i]}] for i in range(len(TEXTS))])
    body = body_of(designs(column, other=other), form, chunk_rows=3)
    assert read_designs(body, form, None) == ("genotype", TEXTS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compressed_bodies_are_read(form, compression):
    body = body_of(designs(TEXTS), form, compression=compression)
    assert read_designs(body, form, None).texts == TEXTS


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_rows_has_no_designs(form):
    body = body_of(designs(pa.array([], pa.string())), form)
    assert read_designs(body, form, None).texts == []


@pytest.mark.parametrize("form", FORMS)
def test_the_column_is_named_or_has_a_usual_name(form):
    table = pa.table({"x": ["a"], "Edits": ["b"], "GENOTYPE": ["c"]})
    body = body_of(table, form)
    assert read_designs(body, form, None) == ("GENOTYPE", ["c"])
    assert read_designs(body, form, "x") == ("x", ["a"])
    with pytest.raises(BadTableError, match="no column 'Edit'; it has x, Edits, GENOTYPE") as told:
        read_designs(body, form, "Edit")
    assert told.value.offenders[0].suggestions == ["Edits"]
    with pytest.raises(BadTableError, match=r"say which holds the designs, \?column="):
        read_designs(body_of(pa.table({"x": ["a"]}), form), form, None)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pa.array([1, 2]), "column genotype holds int64, and designs are text"),
        (pa.array([["a"], ["b"]]), "holds list<"),
        (pa.array([b"a", b"b"]), "holds binary"),
        (pa.nulls(2), "holds null"),
    ],
)
def test_what_is_no_text_is_refused(form, column, told):
    with pytest.raises(BadTableError, match=told):
        read_designs(body_of(designs(column), form), form, None)


@pytest.mark.parametrize("form", FORMS)
def test_rows_without_a_design_are_listed(form):
    body = body_of(designs(["", None, "a", "b", None]), form, chunk_rows=2)
    with pytest.raises(BadTableError, match="row 2 of column genotype holds no design") as told:
        read_designs(body, form, None)
    assert [(one.row, one.column) for one in told.value.offenders] == [(2, "genotype")]


@pytest.mark.parametrize("form", FORMS)
def test_bounds_of_rows_columns_and_texts(form):
    many = body_of(designs([""] * (MAX_DESIGNS_PER_REQUEST + 1)), form, compression="zstd")
    with pytest.raises(BadTableError, match="10,001 rows or more, and the limit is 10,000"):
        read_designs(many, form, None)
    wide = pa.table({f"c{i}": ["a"] for i in range(MAX_TABLE_COLUMNS + 1)})
    with pytest.raises(BadTableError, match="1,001 columns, and the limit is 1,000"):
        read_designs(body_of(wide, form), form, None)
    long = body_of(designs(["a" * (MAX_TEXT_BYTES // 4)] * 5), form, compression="zstd")
    with pytest.raises(BadTableError, match=r"more than 16,777,216 bytes up to row 5: "):
        read_designs(long, form, None)


def test_two_columns_of_one_name_are_refused():
    table = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["genotype", "genotype"])
    with pytest.raises(BadTableError, match="2 columns are named genotype"):
        read_designs(body_of(table, TableForm.ARROW_FILE), TableForm.ARROW_FILE, None)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("body", [b"", b"PAR1", b"ARROW1\0\0", b"genotype\na\n", b"\xff" * 64])
def test_what_is_no_table_is_broken(form, body):
    with pytest.raises(BrokenTableError, match=r"the body is no (Arrow IPC|Parquet)"):
        read_designs(body, form, None)


TOLD = {
    TableForm.ARROW_STREAM: "damaged in record batch 3, at or behind row 2,001: ",
    TableForm.ARROW_FILE: "damaged in record batch 3 of 4, at or behind row 2,001: ",
    TableForm.PARQUET: "damaged in row group 3 of 4, at or behind row 2,001: ",
}


@pytest.mark.parametrize("form", FORMS)
def test_damage_in_the_middle_is_told_with_its_place(form):
    texts = [f"b{i:04}:deletion" for i in range(4000)]
    body = body_of(designs(texts), form, chunk_rows=1000)
    place = body.index(b"b2500")
    if form is TableForm.ARROW_STREAM:
        damaged = body[:place]  # cut off
    else:
        damaged = body[:place] + b"\xff" + body[place + 1 :]
    with pytest.raises(BrokenTableError, match=TOLD[form]):
        read_designs(damaged, form, None)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("compression", [None, "zstd"])
def test_any_damage_is_an_error_or_other_texts(form, compression):
    draw = random.Random(3)  # noqa: S311 - a choice of damages
    body = body_of(designs(TEXTS), form, chunk_rows=5, compression=compression)
    refused = 0
    for _ in range(400):
        damaged = bytearray(body)
        for _ in range(draw.choice([1, 2, 8])):
            damaged[draw.randrange(len(body))] = draw.randrange(256)
        try:
            found = read_designs(bytes(damaged), form, None)
            assert all(type(text) is str for text in found.texts)
        except (CellgebraError, MemoryError):
            refused += 1
    assert refused > 100
