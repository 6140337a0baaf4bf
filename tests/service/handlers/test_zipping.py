"""Archives that are written while they are sent."""

import io
import zipfile

from service.handlers.zipping import CHUNK_BYTES, ZipMember, zip_chunks


def members_of(files):
    return [ZipMember(name, io.BytesIO(content), len(content)) for name, content in files.items()]


FILES = {"a.txt": b"", "b.bin": bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end", "c": b"c"}


def test_an_archive_holds_its_files_and_is_the_same_each_time():
    first, again = (b"".join(zip_chunks(members_of(FILES))) for _ in range(2))
    assert first == again
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_pieces_are_small_and_files_are_closed_even_if_nobody_reads_on():
    members = members_of(FILES)
    chunks = zip_chunks(members)
    assert max(map(len, chunks)) < CHUNK_BYTES + 1000
    assert all(member.content.closed for member in members)
    members = members_of(FILES)
    chunks = zip_chunks(members)
    next(chunks)
    chunks.close()
    assert all(member.content.closed for member in members)
