"""`.h5ad` files: good ones as AnnData writes them, and what somebody might make of one."""

import zlib
from functools import cache

import h5py
import numpy as np

TEXT = h5py.string_dtype()
MIB = 2**20


def encode(found, encoding, version):
    found.attrs["encoding-type"], found.attrs["encoding-version"] = encoding, version
    return found


def put(group, name, values, **stored):
    """A column as AnnData 0.8 and newer write it: texts, numbers, or (codes, categories)."""
    if isinstance(values, tuple):
        inner = encode(group.create_group(name), "categorical", "0.2.0")
        for part, content in zip(("codes", "categories"), values, strict=True):
            put(inner, part, content, **stored)
        inner.attrs["ordered"] = False
        return inner
    array = np.asarray(values)
    is_text = array.dtype.kind in "US"
    if is_text:
        stored.pop("fletcher32", None)  # HDF5 has no checksums of texts
    made = group.create_dataset(name, data=values, dtype=TEXT if is_text else None, **stored)
    return encode(made, "string-array" if is_text else "array", "0.2.0")


def write(path, columns, *, index="_index", part="obs", **stored):
    """A file with one frame; the column `index` is its index."""
    with h5py.File(path, "w") as file:
        encode(file, "anndata", "0.1.0")
        group = encode(file.create_group(part), "dataframe", "0.2.0")
        group.attrs["_index"] = index
        group.attrs["column-order"] = [name for name in columns if name != index]
        for name, values in columns.items():
            put(group, name, values, **stored)
    return path


def write_old(path, columns, categories):
    """A frame of version 0.1.0: no encoding of its columns, categories in a group of their own."""
    with h5py.File(path, "w") as file:
        group = encode(file.create_group("obs"), "dataframe", "0.1.0")
        group.attrs["_index"] = "index"
        for name, values in columns.items():
            is_text = np.asarray(values).dtype.kind == "U"
            group.create_dataset(name, data=values, dtype=TEXT if is_text else None)
        for name, values in categories.items():
            found = group.require_group("__categories").create_dataset(name, data=values)
            group[name].attrs["categories"] = found.ref
    return path


def replaced(name, make):
    """Of a frame: a column taken away, and something else made in its place."""

    def change(file):
        del file["obs"][name]
        make(file["obs"], name)

    return change


def dataset(**given):
    return lambda group, name: group.create_dataset(name, **given)


def linked(link):
    return lambda group, name: group.__setitem__(name, link)


def named(name, *, value, of="y"):
    return lambda file: file["obs"][of].attrs.__setitem__(name, value)


def virtual(group, name):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3,))
    group.create_virtual_dataset(name, layout)


def unlisted_code(file):
    file["obs/c/codes"][1] = 7


def chunk(content, packing="gzip"):
    """Three numbers, said to be in a chunk of 24 bytes."""

    def make(group, name):
        made = group.create_dataset(name, (3,), "f8", chunks=(3,), compression=packing)
        made.id.write_direct_chunk((0,), content)

    return make


@cache
def zeros_packed():
    """64 MiB in about 64 KiB."""
    return zlib.compress(bytes(64 * MIB), 9)


def share_a_text(path, name, row_count, size):
    """Have every row be the text of the first, which is in the file once."""
    with h5py.File(path, "a") as file:
        texts = ["t" * size] + ["-"] * (row_count - 1)
        del file["obs"][name]
        made = file["obs"].create_dataset(name, data=texts, dtype=TEXT)
        at = made.id.get_offset()
    with path.open("r+b") as file:
        file.seek(at)
        first = file.read(16)  # its length, and where it is
        file.seek(at)
        file.write(first * row_count)


GOOD = {"_index": ["a", "b", "c"], "y": [1.0, 2.0, 3.0], "c": ([0, 1, 0], ["x", "z"])}
# What is wrong, by name: how a good file is changed, and what is told of it.
BAD = {
    "external link": (
        replaced("y", linked(h5py.ExternalLink("/etc/passwd", "/"))),
        "obs/y is a link to another place or file, which is never followed",
    ),
    "soft link": (replaced("y", linked(h5py.SoftLink("/obs/_index"))), "obs/y is a link"),
    "soft link to itself": (replaced("y", linked(h5py.SoftLink("/obs/y"))), "obs/y is a link"),
    "group in itself": (
        lambda file: file["obs"].__setitem__("loop", file["obs"]),
        "obs/loop is encoded as 'dataframe'",
    ),
    "values in another file": (
        replaced("y", dataset(shape=(3,), dtype="f8", external=[("/etc/passwd", 0, 24)])),
        "obs/y is stored in another file, which is never opened",
    ),
    "virtual values": (replaced("y", virtual), "obs/y is stored in another file"),
    "more rows than there may be": (
        replaced("_index", dataset(shape=(2**40,), dtype=TEXT, chunks=(1024,))),
        "obs has 1,099,511,627,776 rows, and may have 134,217,728",
    ),
    "rows that nobody wrote": (
        replaced("y", dataset(shape=(3,), dtype="f8")),
        "obs/y says that it has 3 values, and has none",
    ),
    "chunks that nobody wrote": (
        replaced("y", dataset(shape=(3,), dtype="f8", chunks=(2,))),
        "obs/y has 0 of its 2 chunks",
    ),
    "a huge chunk": (
        replaced("y", dataset(shape=(3,), dtype="f8", maxshape=(None,), chunks=(2**24,))),
        "obs/y has chunks of 134,217,728 bytes",
    ),
    "a chunk that unpacks to more": (
        lambda file: replaced("y", chunk(zeros_packed()))(file),
        "obs/y has a chunk at row 1 that does not unpack to the 24 bytes that it should have",
    ),
    "a chunk that unpacks to less": (
        replaced("y", chunk(zlib.compress(bytes(16)))),
        "obs/y has a chunk at row 1 that does not unpack to the 24 bytes",
    ),
    "a chunk that is too long": (
        replaced("y", chunk(bytes(5000))),
        "obs/y has a chunk at row 1 that does not unpack to the 24 bytes",
    ),
    "a chunk that is not packed": (
        replaced("y", chunk(bytes(24))),
        "obs/y has a damaged chunk: ",
    ),
    "a chunk that is too short": (
        replaced("y", chunk(bytes(16), packing=None)),
        "obs/y has a chunk at row 1 that does not unpack to the 24 bytes",
    ),
    "another filter": (
        replaced("y", dataset(data=[1, 2, 3], chunks=(3,), scaleoffset=4)),
        "obs/y is packed by HDF5 filters 6",
    ),
    "another encoding": (
        named("encoding-type", value="rec-array"),
        "obs/y is encoded as 'rec-array', and only array, string-array is read",
    ),
    "another version": (
        named("encoding-version", value="9.0"),
        "obs/y is array '9.0', not 0.2.0",
    ),
    "an encoding that is a number": (
        named("encoding-type", value=3),
        "obs/y has an attribute encoding-type that is no text",
    ),
    "an encoding of many texts": (
        named("encoding-type", value=["array"] * 3),
        "obs/y has an attribute encoding-type that is no text",
    ),
    "a very long encoding": (
        named("encoding-type", value="a" * 20_000),
        "obs/y has an attribute encoding-type of 20,000 characters",
    ),
    "bytes of no type": (
        replaced("y", dataset(data=np.zeros(3, "V16"))),
        "obs/y holds values of the HDF5 type opaque .* never objects",
    ),
    "references": (
        replaced("y", dataset(shape=(3,), dtype=h5py.ref_dtype)),
        "obs/y holds values of the HDF5 type reference",
    ),
    "lists": (
        replaced("y", dataset(shape=(3,), dtype=h5py.vlen_dtype("i8"))),
        "obs/y holds values of the HDF5 type vlen",
    ),
    "records": (
        replaced("y", dataset(data=np.zeros(3, "i4,f8"))),
        "obs/y holds values of the HDF5 type compound",
    ),
    "complex numbers": (replaced("y", dataset(data=np.zeros(3, "c16"))), "HDF5 type compound"),
    "an enumeration": (
        replaced("y", dataset(data=[1, 2, 1], dtype=h5py.enum_dtype({"a": 1, "b": 2}))),
        "obs/y holds values of the HDF5 type enum",
    ),
    "a matrix": (replaced("y", dataset(data=np.zeros((3, 2)))), r"obs/y has the shape \(3, 2\)"),
    "no shape": (replaced("y", dataset(data=h5py.Empty("f8"))), "obs/y has the shape None"),
    "another length": (
        replaced("y", dataset(data=[1.0])),
        "obs/y has 1 values, and should have 3",
    ),
    "a code of no category": (
        unlisted_code,
        "obs/c/codes has in row 2 the code 7, of 2 categories",
    ),
    "codes that are texts": (
        lambda file: put(file["obs"], "d", (["x", "y", "z"], ["x"])),
        "obs/d/codes holds values of the kind text, not integer",
    ),
    "no categories": (
        lambda file: file["obs/c"].__delitem__("categories"),
        "obs/c/categories is not there",
    ),
    "a type in the place of values": (
        replaced("y", linked(np.dtype("f8"))),
        "obs/y is neither a data set nor a group",
    ),
    "Latin-1": (
        replaced("y", dataset(data=np.array([b"a", b"\xe9", b"c"]))),
        "obs/y has in row 2 a text that is not UTF-8",
    ),
    "no frame": (lambda file: file.__delitem__("obs"), "has no obs: it is no .h5ad file"),
    "a frame that is a link": (
        lambda file: (file.move("obs", "x"), linked(h5py.SoftLink("/x"))(file, "obs")),
        "obs is a link",
    ),
    "a frame of old": (
        lambda file: (file.__delitem__("obs"), dataset(data=np.zeros(3, "i4,f8"))(file, "obs")),
        "obs is no group: write the file again by anndata 0.7",
    ),
    "no index": (
        lambda file: file["obs"].attrs.__setitem__("_index", "nobody"),
        "obs has no index: its attribute _index names 'nobody'",
    ),
    "no rows": (
        replaced("_index", dataset(shape=(0,), dtype=TEXT)),
        "obs has no row",
    ),
    "a name without end": (
        lambda file: dataset(data=[1, 2, 3])(file["obs"], "n" * 2000),
        "obs has a column of a name of 2,000 characters",
    ),
    "too many columns": (
        lambda file: [file["obs"].create_group(f"g{place}") for place in range(8200)],
        "obs has 8,203 columns, and may have 8,192",
    ),
}


def write_bad(path, name, columns=GOOD):
    """The file of `BAD`; `columns` has a column `y`, and one `c` of categories."""
    write(path, columns)
    with h5py.File(path, "a") as file:
        BAD[name][0](file)
    return path
