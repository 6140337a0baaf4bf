"""Data sets of an HDF5 file that comes from anywhere: checked before anything of them is read.

One is a list of numbers, truth values or texts, stored in the file itself, all of it.
"""

from dataclasses import dataclass
from typing import Literal

import h5py
import numpy as np
from h5py import h5a, h5d, h5t
from numpy.typing import NDArray

from worker.data.h5ad_chunks import refusal, require_chunks

Flags = NDArray[np.bool_]
Kind = Literal["integer", "float", "boolean", "text"]

_LAYOUTS = (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED)
_FLOAT_BYTES = (2, 4, 8)
_MAX_TEXT_ATTRIBUTE = 1000


@dataclass(frozen=True)
class Values:
    """A checked list of one kind."""

    dataset: h5py.Dataset
    where: str
    kind: Kind

    def __len__(self) -> int:
        return int(self.dataset.shape[0])


def member(group: h5py.Group, name: str, where: str) -> h5py.Group | h5py.Dataset | h5py.Datatype:
    """What a group holds under a name, in this file and by a hard link.

    Raises:
        BadTableError: it holds no such thing, or a link to somewhere else.
    """
    try:
        link = group.get(name, getlink=True)
    except TypeError:  # a kind of link that users register
        link = None
    if link is None and name not in group:
        raise refusal(where, "is not there")
    if not isinstance(link, h5py.HardLink):
        raise refusal(
            where,
            "is a link to another place or file, which is never followed: write the file again "
            "with its content in it",
        )
    return group[name]


def text_attribute(found: h5py.Group | h5py.Dataset, where: str, name: str) -> str:
    """An attribute that is one text.

    Raises:
        BadTableError: there is none, or it is something else.
    """
    if name not in found.attrs:
        raise refusal(where, f"has no attribute {name}: write the file by anndata, 0.7 or newer")
    attribute = h5a.open(found.id, name.encode())
    if attribute.shape != () or not isinstance(attribute.get_type(), h5t.TypeStringID):
        raise refusal(where, f"has an attribute {name} that is no text")
    value = found.attrs[name]
    text = value.decode() if isinstance(value, bytes) else str(value)
    if len(text) > _MAX_TEXT_ATTRIBUTE:
        raise refusal(where, f"has an attribute {name} of {len(text):,} characters")
    return text


def checked_values(
    found: object,
    where: str,
    length: int | None,
    *,
    limit: int | None = None,
    kinds: tuple[Kind, ...] = ("integer", "float", "boolean", "text"),
) -> Values:
    """A data set as a list of `length` values (None: at most `limit`), of one of `kinds`.

    Raises:
        BadTableError: it is something else, or stored in a way that is not read here.
    """
    if not isinstance(found, h5py.Dataset):
        raise refusal(where, "is no data set")
    if found.shape is None or len(found.shape) != 1:
        raise refusal(where, f"has the shape {found.shape}, and should be a list")
    count = found.shape[0]
    if length is not None and count != length:
        raise refusal(where, f"has {count:,} values, and should have {length:,}")
    if limit is not None and count > limit:
        raise refusal(where, f"has {count:,} values, and may have {limit:,}")
    kind = _kind(found, where)
    if kind not in kinds:
        raise refusal(where, f"holds values of the kind {kind}, not {' or '.join(kinds)}")
    _require_stored_here(found, where)
    return Values(found, where, kind)


def _kind(dataset: h5py.Dataset, where: str) -> Kind:
    stored = dataset.id.get_type()
    if isinstance(stored, h5t.TypeStringID):
        return "text"
    if isinstance(stored, h5t.TypeIntegerID) and stored.get_size() in (1, 2, 4, 8):
        return "integer"
    if isinstance(stored, h5t.TypeFloatID) and stored.get_size() in _FLOAT_BYTES:
        return "float"
    if isinstance(stored, h5t.TypeEnumID) and dataset.dtype == np.bool_:
        return "boolean"
    kind = type(stored).__name__.removeprefix("Type").removesuffix("ID").lower()
    raise refusal(
        where,
        f"holds values of the HDF5 type {kind} ({stored.get_size()} bytes): only integers, floats "
        "of at most 8 bytes, booleans and texts are read, and never objects",
    )


def _require_stored_here(dataset: h5py.Dataset, where: str) -> None:
    """In the file itself, and all of it: what is only declared would be made up as it is read."""
    made = dataset.id.get_create_plist()
    layout = made.get_layout()
    if layout not in _LAYOUTS or made.get_external_count():
        raise refusal(
            where,
            "is stored in another file, which is never opened: write the file again with its "
            "content in it",
        )
    if not dataset.shape[0]:
        return
    if layout == h5d.CHUNKED:
        require_chunks(dataset, where)
    elif not dataset.id.get_storage_size():
        raise refusal(
            where,
            f"says that it has {dataset.shape[0]:,} values, and has none: the file was not written "
            "to its end, or was made by hand",
        )
