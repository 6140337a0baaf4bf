"""The quick reader of genotypes against `parse_genotype`: the same, or nothing."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.contract import genotype_reader
from service.contract.designs import parse_genotype
from service.contract.errors import InvalidDesignError
from service.contract.genotype_reader import GenotypeReader, ReadGenotypes

EDITS = (
    "b:deletion",
    "a:knockdown",
    "a:insertion=x",
    "a%20b:allele=ts",
    "\u00e9:part=p%2Bq",
    "b:copy_number",
    "B:overexpression",
)
RANKED = (  # an edit a locus, in canonical order
    "B:overexpression",
    "a:knockdown",
    "a%20b:allele=ts",
    "b:deletion",
    "\u00e9:part=p%2Bq",
)
KNOWN = st.sampled_from(EDITS)
LEVELS = st.sampled_from(
    ["", "@0.2", "@1", "@1.0", "@-0", "@0", "@1e400", "@nan", "@1_0", "@", "@x"]
)
OTHERS = st.sampled_from(
    ["b:knockout", "b%3A:deletion", "c:deletion", "%62:deletion", "b", "", "\n"]
)
TOKENS = st.builds(str.__add__, KNOWN, LEVELS) | KNOWN | OTHERS
GENOTYPES = st.lists(TOKENS, max_size=4).map("+".join)


def edits_of(read):
    """Pairs of place and level, genotype by genotype."""
    found = []
    for place, level in zip(read.edit_J, read.level_J, strict=True):
        if place == -1:
            found.append([])
        elif place >= 0:
            found[-1].append((place, None if math.isnan(level) else level))
    return found


def expected(text, edits):
    """The same by `parse_genotype`; None for a genotype that cannot be read or is not known."""
    try:
        design = parse_genotype(text)
    except InvalidDesignError:
        return None
    if any(edit.key not in edits for edit in design.edits):
        return None
    return design.genotype, [(edits.index(edit.key), edit.level) for edit in design.edits]


@pytest.mark.parametrize("edits", [EDITS, RANKED])
@given(texts=st.lists(GENOTYPES, max_size=6), chunk=st.sampled_from([1, 3, 1024]))
@example(texts=["", "b:deletion"], chunk=1024)
@example(texts=["b:deletion+\n+B:overexpression"], chunk=1024)
@example(texts=["+b:deletion", "B:overexpression+", "+", "++", "\n"], chunk=1)
@example(texts=["c:deletion"], chunk=1024)
@example(texts=["a:knockdown", "c:deletion"], chunk=1024)
@example(texts=["a:knockdown", "a:knockdown+b:deletion"], chunk=1024)
@example(texts=["a:knockdown", "b:deletion+a:knockdown"], chunk=1024)
def test_what_is_read_is_what_parsing_gives(edits, texts, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genotype_reader, "_CHUNK_TEXTS", chunk)
        read = GenotypeReader(edits).read(texts)
    wanted = [expected(text, edits) for text in texts]
    assert read.unread == [place for place, one in enumerate(wanted) if one is None]
    canonical = [one[0] if one else text for one, text in zip(wanted, texts, strict=True)]
    assert read.genotypes == canonical
    assert edits_of(read) == [one[1] if one else [] for one in wanted]


def test_what_it_remembers_has_a_bound(monkeypatch):
    monkeypatch.setattr(genotype_reader, "CACHED_TOKENS", 8)
    reader = GenotypeReader(EDITS)
    texts = [f"b:copy_number@{level}" for level in range(100)]
    for _ in range(2):
        assert [level for ((_, level),) in edits_of(reader.read(texts))] == list(range(100))
    reader.read(["x" * 10_000, "+".join(EDITS)])
    assert len(reader._tokens) <= 8


@given(
    sets=st.lists(st.sets(st.sampled_from(EDITS[1:6:2]), max_size=3).map(sorted), max_size=9),
    data=st.data(),
)
def test_the_order_of_edits_changes_nothing(sets, data):
    straight = GenotypeReader(EDITS).read(["+".join(edits) for edits in sets])
    shuffled = ["+".join(data.draw(st.permutations(edits))) for edits in sets]
    permuted = GenotypeReader(EDITS).read(shuffled)
    assert permuted.genotypes == straight.genotypes
    assert edits_of(permuted) == edits_of(straight)


@given(parts=st.lists(st.lists(GENOTYPES, max_size=3), max_size=4))
@example(parts=[["b:deletion", ""], ["b:deletion@0.2"], []])
def test_what_travels_packed_is_what_was_read(parts):
    read = [GenotypeReader(EDITS).read(texts) for texts in parts]
    read = [one for one in read if not one.unread]
    whole = ReadGenotypes.unpacked(one.packed() for one in read)
    assert whole.edit_J.tolist() == [edit for one in read for edit in one.edit_J]
    assert str(whole.level_J.tolist()) == str([level for one in read for level in one.level_J])
