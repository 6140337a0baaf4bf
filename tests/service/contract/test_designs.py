"""Laws of genotypes: parse and format are inverse, order is nothing, nothing excluded gets in."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.contract.datasets import KindValue
from service.contract.designs import (
    EXCLUSIVITY_GROUP,
    Design,
    Edit,
    EditKind,
    encode_name,
    format_level,
    parse_edit,
    parse_genotype,
    parse_kind,
)
from service.contract.errors import InvalidDesignError

# Few letters, so that separators, white space and percent signs are met often.
LETTERS = "aB7-,._%+:=@ \t\n\u00a0\u0394\U0001f9ece\u0301\u00e9"
SPELLINGS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=6)
NAMES = SPELLINGS.map(lambda name: unicodedata.normalize("NFC", name))
LEVELS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
EDITS = st.builds(
    Edit,
    locus=NAMES,
    kind=st.sampled_from(EditKind),
    variant=st.none() | NAMES,
    level=LEVELS,
)


def exclude(one, other):
    """The rule of exclusivity, written a second time: by locus, group and deletion."""
    if one.locus != other.locus:
        return False
    groups = {EXCLUSIVITY_GROUP[one.kind], EXCLUSIVITY_GROUP[other.kind]}
    deleted = EditKind.DELETION in (one.kind, other.kind)
    return len(groups) == 1 or (deleted and "insertion" not in groups)


@st.composite
def designs(draw):
    kept = []
    for edit in draw(st.lists(EDITS, max_size=6)):
        if not any(exclude(edit, other) for other in kept):
            kept.append(edit)
    return Design.of(kept)


@given(designs())
def test_parse_and_format_are_inverse(design):
    assert parse_genotype(design.genotype) == design
    assert parse_genotype(design.genotype).genotype == design.genotype


@given(EDITS)
def test_the_text_of_an_edit_reads_back_exactly(edit):
    assert parse_edit(str(edit)) == edit
    assert str(edit).startswith(edit.key)


@given(designs(), st.randoms(use_true_random=False))
def test_the_order_of_edits_changes_nothing(design, source: random.Random):
    edits = list(design.edits)
    source.shuffle(edits)
    assert Design.of(edits) == design
    assert parse_genotype("+".join(map(str, edits))).genotype == design.genotype


@given(st.lists(EDITS, min_size=2, max_size=4))
def test_a_design_is_refused_exactly_when_two_edits_exclude_each_other(edits):
    pairs = [(one, other) for i, one in enumerate(edits) for other in edits[:i]]
    if any(exclude(one, other) for one, other in pairs):
        with pytest.raises(InvalidDesignError, match="exclude each other"):
            Design.of(edits)
    else:
        assert Design.of(edits).order == len(edits)


@given(NAMES)
def test_an_encoded_name_holds_no_separator(name):
    assert not set(encode_name(name)) & set("+:=@ \t\n\u00a0")


@given(st.text(max_size=30))
def test_any_text_is_a_design_or_one_clear_error(text):
    try:
        design = parse_genotype(text)
    except InvalidDesignError:
        return
    assert parse_genotype(design.genotype) == design


@given(SPELLINGS, st.sampled_from(["NFC", "NFD"]))
def test_no_two_names_are_spellings_of_one(name, form):
    """Of all that look the same and are the same to Unicode, one is a name."""
    spelled = unicodedata.normalize(form, name)
    text = f"{encode_name(spelled)}:deletion"
    if spelled == unicodedata.normalize("NFC", name):
        assert parse_edit(text).locus == Edit(locus=spelled, kind=EditKind.DELETION).locus
        return
    with pytest.raises(InvalidDesignError, match="normal form C"):
        parse_edit(text)
    with pytest.raises(ValidationError, match="normal form C"):
        Edit(locus=spelled, kind=EditKind.DELETION)
    with pytest.raises(ValidationError, match="normal form C"):
        KindValue(kind=EditKind.ALLELE, variant=spelled)


def test_the_empty_text_is_the_reference():
    reference = parse_genotype("")
    assert (reference.order, reference.genotype, reference.edits) == (0, "", ())
    assert reference == Design()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("b0720:knockout", "b0720:deletion"),
        ("b1812:knockdown@0.20+b0720:deletion", "b0720:deletion+b1812:knockdown@0.2"),
        ("YCL058W-A:allele=rad53-11", "YCL058W-A:allele=rad53-11"),
        ("ARG5,6:deletion", "ARG5,6:deletion"),
        ("a:copy_number@1e3+a:part=J23100", "a:copy_number@1000+a:part=J23100"),
        ("a:knockdown@-0", "a:knockdown@0"),
        ("a:knockdown@.5", "a:knockdown@0.5"),
        ("a%2Bb:insertion=x%20y", "a%2Bb:insertion=x%20y"),
        ("%61:deletion", "a:deletion"),
    ],
)
def test_canonical_texts(text, canonical):
    assert parse_genotype(text).genotype == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b0720", "has no kind"),
        (":deletion", "no locus"),
        ("a:", "unknown kind ''"),
        ("a:smash", "known kinds: deletion, knockdown"),
        ("a:part=", "the variant after '=' is empty"),
        ("a:knockdown@", "level '' is not a number"),
        ("a:knockdown@high", "level 'high' is not a number"),
        ("a:knockdown@nan", "level 'nan' is not a number"),
        ("a:knockdown@1e999", "too large"),
        ("a:deletion+", "has no kind"),
        ("a:deletion ", "white space"),
        ("a%zz:deletion", "percent-encoded"),
        ("a%ff:deletion", "not percent-encoded UTF-8"),
        ("a:part=x:y", "separator"),
        ("a:knockdown@\u0661", "is not a number"),  # a digit, but no ASCII one
        ("\ud800:deletion", "surrogate"),
        ("e\u0301:deletion", r"'e\\u0301' is not in .*: write '\\xe9'"),
        ("a:part=e\u0301", "normal form C"),
        ("e%CC%81:deletion", "normal form C"),
        ("\u212b:deletion", r"write '\\xc5'"),  # the unit of length, not the letter
    ],
)
def test_malformed_texts(text, said):
    with pytest.raises(InvalidDesignError, match=said):
        parse_genotype(text)


@pytest.mark.parametrize(
    "text",
    [
        "a:deletion+a:deletion",
        "a:deletion+a:knockdown@0.2",
        "a:deletion+a:allele=ts1",
        "a:deletion+a:copy_number@2",
        "a:deletion+a:part=p",
        "a:knockdown+a:overexpression",
        "a:allele=one+a:allele=two",
    ],
)
def test_edits_of_one_locus_that_exclude_each_other(text):
    with pytest.raises(InvalidDesignError, match="of locus a; keep one of them"):
        parse_genotype(text)


@pytest.mark.parametrize(
    "text", ["a:copy_number@2+a:part=p", "a:deletion+a:insertion=x", "a:knockdown+a:allele=t"]
)
def test_edits_of_one_locus_that_go_together(text):
    assert parse_genotype(text).genotype == text


@pytest.mark.parametrize("text", ["Knockout", " deletion ", "KNOCKOUT", "Deletion"])
def test_a_kind_has_aliases_and_no_case(text):
    assert parse_kind(text) is EditKind.DELETION


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_level_reads_back_exactly(level):
    assert float(format_level(level)) == level
