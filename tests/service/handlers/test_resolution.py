"""Genotypes against a vocabulary: everything that is wrong is told at once, nothing is dropped."""

import pytest

from service.contract.errors import (
    AmbiguousGeneError,
    InvalidArgumentError,
    InvalidDesignError,
    UnknownEditsError,
)
from service.contract.genotype_reader import GenotypeReader
from service.handlers.resolution import resolve

KNOWN = frozenset({"b0720:deletion", "b1812:knockdown", "b1812:allele=ts", "gltA:part=J23100"})


def test_genotypes_come_back_canonical_and_in_order():
    given = ["b1812:knockdown@0.2+b0720:knockout", "", "b0720:deletion", ""]
    assert resolve(KNOWN, given).genotypes == [
        "b0720:deletion+b1812:knockdown@0.2",
        "",
        "b0720:deletion",
        "",
    ]


def test_every_unknown_edit_of_every_design_is_listed():
    given = ["b0721:deletion", "b0720:deletion", "b0721:deletion+b1812:deletion", "zzz:deletion"]
    with pytest.raises(UnknownEditsError) as caught:
        resolve(KNOWN, given)
    found = [(offender.field, offender.value) for offender in caught.value.offenders]
    assert found == [
        ("genotypes[0]", "b0721:deletion"),
        ("genotypes[2]", "b0721:deletion"),
        ("genotypes[2]", "b1812:deletion"),
        ("genotypes[3]", "zzz:deletion"),
    ]
    assert "3 edits" in caught.value.detail
    assert caught.value.offenders[0].suggestions == ["b0720:deletion"]


def test_a_known_locus_with_another_kind_is_told():
    with pytest.raises(UnknownEditsError) as caught:
        resolve(KNOWN, ["b1812:deletion"])
    (offender,) = caught.value.offenders
    assert offender.suggestions == ["b1812:allele=ts", "b1812:knockdown"]
    assert "only as b1812:allele=ts, b1812:knockdown" in offender.message


def suggestions(given, known=KNOWN, names=None):
    with pytest.raises(InvalidArgumentError) as caught:
        resolve(known, [given], names)
    return caught.value.offenders[0].suggestions


def test_what_is_near_is_the_name_of_the_gene_and_not_of_what_is_done_to_it():
    assert suggestions("xyz:deletion") == []
    assert suggestions("b0721:knockdown") == ["b0720:deletion"]
    assert suggestions("b1811:knockdown@0.2")[0] == "b1812:knockdown"
    assert suggestions("b181:deletion") == ["b1812:allele=ts", "b1812:knockdown"]


def test_other_names_of_genes_are_near_as_well():
    assert suggestions("ARG56:deletion", YEAST, NAMES) == ["YER069W:deletion"]
    assert suggestions("ADF:knockdown", YEAST, NAMES) == ["YCL058W-A:knockdown"]
    assert suggestions("HIS:deletion", YEAST, NAMES) == []  # the model has no HIS3


def test_malformed_genotypes_and_unknown_edits_are_listed_together():
    with pytest.raises(InvalidDesignError) as caught:
        resolve(KNOWN, ["b0720", "x:deletion", "b0720:deletion+b0720:knockdown"])
    fields = [offender.field for offender in caught.value.offenders]
    assert fields == ["genotypes[0]", "genotypes[2]", "genotypes[1]"]
    assert "exclude each other" in caught.value.offenders[1].message


def test_an_answer_does_not_grow_with_the_names_in_the_request():
    long = "x" * 100_000
    for genotype in (long, f"{long}:deletion", f"{long}:{long}", f"a:deletion@{long}"):
        with pytest.raises(InvalidArgumentError) as caught:
            resolve(KNOWN, [genotype])
        (offender,) = caught.value.offenders
        assert len(offender.model_dump_json()) < 2000


def test_half_of_a_surrogate_pair_is_no_name():
    with pytest.raises(InvalidDesignError) as caught:
        resolve(KNOWN, ["b0720:deletion", "\ud800:deletion"])
    assert [offender.field for offender in caught.value.offenders] == ["genotypes[1]"]


# The model calls ARG5,6 by its systematic name; CIA1 is two genes.
YEAST = frozenset({"YER069W:deletion", "YCL058W-A:deletion", "YCL058W-A:knockdown"})
NAMES = {
    "ARG5,6": ["YER069W"],
    "ADF1": ["YCL058W-A"],
    "CIA1": ["YER069W", "YJL115W"],
    "HIS3": ["YOR202W"],
    "YCL058W-A": ["YER069W"],
}


def test_another_name_of_a_gene_is_resolved_and_told():
    given = ["ARG5,6:deletion+ADF1:knockdown@0.2", "ADF1:deletion", "YER069W:deletion"]
    found = resolve(YEAST, given, NAMES)
    assert found.genotypes == [
        "YCL058W-A:knockdown@0.2+YER069W:deletion",
        "YCL058W-A:deletion",
        "YER069W:deletion",
    ]
    assert found.locus_of == {"ARG5,6": "YER069W", "ADF1": "YCL058W-A"}


def test_a_locus_of_the_model_is_never_taken_for_an_alias():
    with pytest.raises(UnknownEditsError, match="1 edit") as caught:
        resolve(YEAST, ["YCL058W-A:overexpression"], NAMES)
    assert "only as" in caught.value.offenders[0].message


def test_an_ambiguous_name_is_an_error_that_names_the_candidates():
    with pytest.raises(AmbiguousGeneError, match="1 name may be of several genes") as caught:
        resolve(YEAST, ["ADF1:deletion", "CIA1:deletion", "x:deletion"], NAMES)
    ambiguous, unknown = caught.value.offenders
    assert (ambiguous.field, ambiguous.value) == ("genotypes[1]", "CIA1")
    assert ambiguous.suggestions == ["YER069W", "YJL115W"]
    assert unknown.value == "x:deletion"


def test_a_known_name_of_an_unknown_gene_is_told_by_its_locus():
    with pytest.raises(UnknownEditsError) as caught:
        resolve(YEAST, ["HIS3:deletion"], NAMES)
    (offender,) = caught.value.offenders
    assert offender.value == "HIS3:deletion"
    assert "YOR202W:deletion" in offender.message


def test_two_names_of_one_gene_are_one_gene_edited_twice():
    with pytest.raises(InvalidDesignError) as caught:
        resolve(YEAST, ["ARG5,6:deletion+YER069W:deletion"], NAMES)
    assert caught.value.offenders[0].field == "genotypes[0]"


@pytest.mark.parametrize(
    "given",
    [
        ["b0720:deletion+b1812:knockdown@0.2", "", "b1812:knockdown@0.20+b0720:knockout"],
        ["thrA:deletion", "b0720:deletion", "gltA:part=J23100+thrA:deletion"],
        ["b0720:deletion", "b0720", "x:deletion", "thrA:allele=ts", "+", "two:deletion"],
        ["b0720:deletion", "x:deletion", "two:deletion"],
        ["two:deletion", "b0720:deletion"],
    ],
)
def test_a_reader_changes_nothing_but_the_time(given):
    names = {"thrA": ["b0720"], "two": ["b0720", "b1812"]}

    def outcome(reader):
        try:
            found = resolve(KNOWN, given, names, reader=reader)
        except InvalidArgumentError as error:
            return error.as_problem()
        return found.genotypes, found.names()

    assert outcome(GenotypeReader(sorted(KNOWN))) == outcome(None)
