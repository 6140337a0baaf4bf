"""Chunks of a data set in an HDF5 file that comes from anywhere: what each is, before it is read.

HDF5 unpacks a chunk to whatever is in it, and then takes it for as long as it should be. So each is
unpacked here first, in pieces that are thrown away, as far as the first byte that is too many.
"""

import zlib
from math import ceil
from typing import Any

import h5py
from h5py import h5t, h5z

from service.contract.errors import BadTableError

MAX_CHUNK_BYTES = 2**26
_FILTERS = {
    h5z.FILTER_DEFLATE: "gzip",
    h5z.FILTER_LZF: "lzf",
    h5z.FILTER_SHUFFLE: "shuffle",
    h5z.FILTER_FLETCHER32: "fletcher32",
}
_COMPRESSORS = {h5z.FILTER_DEFLATE, h5z.FILTER_LZF}
_PIECE_BYTES = 2**20
# What does not get smaller grows by less than this.
_MOST_GROWTH_BYTES = 2**10


def require_chunks(dataset: h5py.Dataset, where: str) -> None:
    """Have every chunk there, packed by known filters, and of the size that it should have.

    Raises:
        BadTableError: one is not.
    """
    (rows,) = dataset.chunks
    size_bytes = rows * _item_bytes(dataset)
    if size_bytes > MAX_CHUNK_BYTES:
        raise refusal(
            where,
            f"has chunks of {size_bytes:,} bytes, and they may have {MAX_CHUNK_BYTES:,}: write it "
            "in smaller ones",
        )
    filters = _filters(dataset, where)
    found: list[Any] = []
    dataset.id.chunk_iter(found.append)
    wanted = ceil(dataset.shape[0] / rows)
    if len(found) != wanted:
        raise refusal(
            where,
            f"has {len(found):,} of its {wanted:,} chunks: the file was not written to its end, or "
            "was made by hand",
        )
    for chunk in found:
        _require_size(dataset, where, chunk, size_bytes, filters)


def refusal(where: str, what: str) -> BadTableError:
    """The error that tells what is wrong with a place of the file."""
    return BadTableError(f"the .h5ad file: {where} {what}")


def _filters(dataset: h5py.Dataset, where: str) -> list[int]:
    made = dataset.id.get_create_plist()
    codes = [made.get_filter(place)[0] for place in range(made.get_nfilters())]
    is_known = all(code in _FILTERS for code in codes) and len({*codes}) == len(codes)
    if not is_known or len(_COMPRESSORS.intersection(codes)) > 1:
        raise refusal(
            where,
            f"is packed by HDF5 filters {', '.join(map(str, codes))}; read are "
            f"{', '.join(_FILTERS.values())}, one compression and each once: write it with gzip or "
            "without any",
        )
    return codes


def _require_size(
    dataset: h5py.Dataset,
    where: str,
    chunk: Any,  # noqa: ANN401 - h5py's own
    size_bytes: int,
    filters: list[int],
) -> None:
    unpacked = chunk.size
    if unpacked <= size_bytes + _MOST_GROWTH_BYTES and h5z.FILTER_DEFLATE in filters:
        is_left_out = chunk.filter_mask >> filters.index(h5z.FILTER_DEFLATE) & 1
        if not is_left_out:
            _, raw = dataset.id.read_direct_chunk(chunk.chunk_offset)
            unpacked = _unpacked_bytes(raw, size_bytes, where)
    checksum_bytes = 4 if h5z.FILTER_FLETCHER32 in filters else 0
    may_be_less = h5z.FILTER_LZF in filters
    too_few = unpacked < size_bytes and not may_be_less
    if too_few or unpacked > size_bytes + max(checksum_bytes, _MOST_GROWTH_BYTES * may_be_less):
        raise refusal(
            where,
            f"has a chunk at row {chunk.chunk_offset[0] + 1:,} that does not unpack to the "
            f"{size_bytes:,} bytes that it should have: it is damaged, or was made by hand",
        )


def _unpacked_bytes(raw: bytes, most: int, where: str) -> int:
    """How many bytes these unpack to, as far as the first that is too many."""
    unpacker, total = zlib.decompressobj(), 0
    try:
        piece = unpacker.decompress(raw, _PIECE_BYTES)
        while piece and total <= most:
            total += len(piece)
            piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE_BYTES)
    except zlib.error as error:
        raise refusal(where, f"has a damaged chunk: {error}; write the file again") from None
    return total


def _item_bytes(dataset: h5py.Dataset) -> int:
    """Bytes of a value in a chunk; of a text its length, where it is, and its place there."""
    stored = dataset.id.get_type()
    if isinstance(stored, h5t.TypeStringID) and stored.is_variable_str():
        address_bytes, _ = dataset.file.id.get_create_plist().get_sizes()
        return int(4 + address_bytes + 4)
    return int(stored.get_size())
