"""The bytes of an uploaded text file: decompressed, checked to be UTF-8, with progress."""

import codecs
import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa

from service.contract.errors import BadTableError, Offender

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_HDF5 = b"\x89HDF\r\n\x1a\n"
# What people upload by mistake, by its first bytes.
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx): save the sheet as CSV or TSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save the sheet as CSV or TSV"),
    (
        b"\x89HDF",
        "a damaged HDF5 file (.h5ad), or one inside another compression: upload it as it is",
    ),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document: save its table as CSV or TSV"),
    (b"BZh", "a bzip2 archive: use gzip or zstd"),
    (b"\xfd7zXZ", "an xz archive: use gzip or zstd"),
    (b"ARROW1", "an Arrow file: write it as Parquet"),
    (b"\xff\xfe", "UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text: save it as UTF-8"),
)
_SNIFF_BYTES = 65536


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    return _begins(path, _PARQUET)


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does (`.h5ad`)."""
    return _begins(path, _HDF5)


def _begins(path: Path, signature: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(signature)) == signature


class TextBytes:
    """Reads a file, compressed or not, as bytes that are known to be UTF-8 text.

    Raises:
        BadTableError: (from `read`) what the file is instead of text, or where it stops being it.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._size = max(path.stat().st_size, 1)
        self._stream = _decompressed(self._file)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._offset = 0
        self._line = 1
        self._at_start = True

    @property
    def fraction(self) -> float:
        """Share of the stored bytes that has been read."""
        return min(self._file.tell() / self._size, 1.0) if not self._file.closed else 1.0

    def close(self) -> None:
        """Close the file; reading on is an error."""
        self._stream.close()
        self._file.close()

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes of text; empty at the end. A byte order mark is left out."""
        try:
            chunk = self._stream.read(size)
        except (EOFError, zlib.error, OSError) as error:
            raise BadTableError(f"the compressed file is cut off or damaged: {error}") from None
        if self._at_start:
            self._at_start = False
            _refuse_other_files(chunk[:_SNIFF_BYTES])
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        self._check(chunk)
        return chunk

    def _check(self, chunk: bytes) -> None:
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            position = max(error.start - pending, 0)
            line = self._line + chunk.count(b"\n", 0, position)
            raise _not_utf8(error, self._offset + error.start - pending, line) from None
        if b"\0" in chunk:
            line = self._line + chunk.count(b"\n", 0, chunk.index(b"\0"))
            raise BadTableError(f"line {line} holds a zero byte: this is not a text table")
        self._offset += len(chunk)
        self._line += chunk.count(b"\n")


def _decompressed(file: BinaryIO) -> _Readable:
    start = file.read(4)
    file.seek(0)
    if start.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=file), buffer_size=1 << 20)
    if start == _ZSTD:
        stream: _Readable = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
        return stream
    return file


def _refuse_other_files(start: bytes) -> None:
    for signature, what in _OTHER_FILES:
        if start.startswith(signature):
            raise BadTableError(f"the file is {what}")
    if start.startswith(_PARQUET):
        raise BadTableError("this is Parquet inside another compression: upload the Parquet itself")
    if b"\0" in start:
        raise BadTableError("the file is binary, neither a text table nor Parquet")


def _not_utf8(error: UnicodeDecodeError, offset: int, line: int) -> BadTableError:
    value = error.object[error.start : error.start + 1].hex()
    detail = (
        f"the text is not UTF-8: byte 0x{value} at offset {offset}, line {line}; "
        "save the file as UTF-8"
    )
    where = Offender(message=detail, row=line - 1 or None, value=f"0x{value}")
    return BadTableError(detail, [where])
