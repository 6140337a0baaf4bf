"""Genotypes against a vocabulary: everything that is wrong is told at once, nothing is dropped."""

import pytest

from service.contract.errors import InvalidArgumentError, InvalidDesignError, UnknownEditsError
from service.handlers.resolution import resolve

KNOWN = frozenset({"b0720:deletion", "b1812:knockdown", "b1812:allele=ts", "gltA:part=J23100"})


def test_genotypes_come_back_canonical_and_in_order():
    given = ["b1812:knockdown@0.2+b0720:knockout", "", "b0720:deletion", ""]
    assert resolve(KNOWN, given) == [
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
