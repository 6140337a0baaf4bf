"""Parquet of a few KB whose pages unpack to gigabytes, or say that they do."""

import struct
from functools import cache

import pyarrow as pa

from tests.worker.data.parquet_bytes import (
    BYTE_ARRAY,
    DICTIONARY,
    DOUBLE,
    PLAIN,
    Column,
    data_page,
    dictionary_page,
    file_of,
    run,
)
from tests.worker.data.run_lengths import equal

MIB = 2**20
MOST = 2**31 - 1
STRAIN = b"PP_0368:knockdown"
TOO_LARGE = "the Parquet file unpacks to more than 1536 MiB at a time"
DAMAGED = "the Parquet file is damaged in row group 1 of 1, at or behind row 1"


def beside_strains(columns, rows):
    """A file of these columns and a column `strain` of equal texts."""
    entry = struct.pack("<I", len(STRAIN)) + STRAIN
    return file_of([equal("strain", BYTE_ARRAY, entry, rows), *columns], rows)


def numbers(pages, codec, *, names=("y",), rows=1000, has_dictionary=False):
    made = [Column(name, DOUBLE, pages, has_dictionary, codec) for name in names]
    return beside_strains(made, rows)


@cache
def zeros(mib, codec):
    """So many MiB of zeros, packed: a few KB of zstd, a thousandth of gzip."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        for _ in range(mib):
            stream.write(bytes(MIB))
    return sink.getvalue().to_pybytes()


def packed(codec, count=1000):
    return pa.Codec(codec).compress(bytes(8 * count), asbytes=True)


def saying(codec, **sizes):
    """A page of a thousand numbers, of sizes that are not its own."""
    return numbers((data_page(packed(codec), 1000, PLAIN, **sizes),), codec)


def dictionary(body, count, codec, unpacked_bytes):
    """A thousand rows of the first of `count` numbers in a dictionary."""
    places = pa.Codec(codec).compress(run(1000), asbytes=True)
    page = data_page(places, 1000, DICTIONARY, unpacked_bytes=len(run(1000)))
    pages = (dictionary_page(body, count, unpacked_bytes), page)
    return numbers(pages, codec, has_dictionary=True)


def unpacking(mib, codec, column_count):
    """Columns of one page each, which is as large as it says."""
    rows = mib * MIB // 8
    page = data_page(zeros(mib, codec), rows, PLAIN, unpacked_bytes=mib * MIB)
    names = ["y", *(f"y{place}" for place in range(1, column_count))]
    return numbers((page,), codec, names=names, rows=rows)


# What is wrong, by name: how such a file is made, and what is told of it.
SAYING = {
    "a page that says 2 GiB": (lambda: saying("zstd", unpacked_bytes=MOST), TOO_LARGE),
    "a dictionary that says 2 GiB": (
        lambda: dictionary(packed("zstd"), 1000, "zstd", MOST),
        TOO_LARGE,
    ),
    "a page that says it is packed in 2 GiB": (
        lambda: saying("zstd", packed_bytes=MOST),
        TOO_LARGE,
    ),
    "a page that says less than it unpacks to": (
        lambda: numbers((data_page(zeros(64, "zstd"), 1000, PLAIN, 8000),), "zstd"),
        DAMAGED,
    ),
    "a page that says more than it unpacks to": (
        lambda: saying("zstd", unpacked_bytes=16_000),
        DAMAGED,
    ),
    "a page of a negative size": (lambda: saying("zstd", unpacked_bytes=-8), DAMAGED),
}
UNPACKING = {
    "a page that says 2 GiB, snappy": lambda: saying("snappy", unpacked_bytes=MOST),
    "a page that says 2 GiB, gzip": lambda: saying("gzip", unpacked_bytes=MOST),
    "a page of 2 GiB, zstd": lambda: unpacking(2047, "zstd", 1),
    "a page of 2 GiB, gzip": lambda: unpacking(2047, "gzip", 1),
    "16 columns of a page of 256 MiB, zstd": lambda: unpacking(256, "zstd", 16),
    "a dictionary of 1.5 GiB": lambda: dictionary(
        zeros(1536, "zstd"), 3 << 26, "zstd", unpacked_bytes=1536 * MIB
    ),
}
