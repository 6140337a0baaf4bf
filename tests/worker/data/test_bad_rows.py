"""A bad cell is an error with its row and column, or a row that is left out and listed."""

import pytest

from service.contract.errors import BadTableError

LABEL = [{"name": "y", "kind": "fitness", "unit": "relative", "sd_column": "sd"}]


def edits(**more):
    column = {"locus_column": "gene", "kind_column": "kind"} | more
    other = {"locus_column": "gene2", "kind": "deletion"}
    return {"design": {"layout": "edits", "columns": [column, other]}, "labels": LABEL}


def genotype(**more):
    return {"design": {"layout": "genotype", "column": "gene"} | more, "labels": LABEL}


HEADER = "gene,kind,gene2,variant,level,y,sd,ctrl\n"
GOOD = "a,deletion,b,v,1,1.5,0.1,yes\n"
WITH_LEVEL = edits(level_column="level")
BARE = genotype(kind="deletion")
# spec, bad row, column, value, what is said
CASES = {
    "text for a label": (edits(), "a,deletion,,,,abc,,", "y", "abc", "not a number"),
    "decimal comma": (edits(), 'a,deletion,,,,"1,5",,', "y", "1,5", "with a point"),
    "infinite label": (edits(), "a,deletion,,,,inf,,", "y", "inf", "infinite"),
    "label beyond float64": (edits(), "a,deletion,,,,-1e999,,", "y", "-inf", "infinite"),
    "negative sd": (edits(), "a,deletion,,,,1,-0.5,", "sd", "-0.5", "below 0"),
    "unknown kind": (edits(), "a,deltion,,,,1,,", "kind", "deltion", "unknown kind"),
    "no kind": (edits(), "a,,,,,1,,", "kind", None, "empty, though gene names a locus"),
    "two edits of a locus": (edits(), "a,deletion,a,,,1,,", None, "a deletion a", "exclude"),
    "allele of a deleted locus": (edits(), "a,allele,a,,,1,,", None, "a allele a", "exclude"),
    "separator in a locus": (edits(), "a+b,deletion,,,,1,,", "gene", "a+b", r"\+ is %2B"),
    "space in a locus": (edits(), "a b,deletion,,,,1,,", "gene", "a b", "percent-encoded"),
    "percent in a locus": (edits(), "a%b,deletion,,,,1,,", "gene", "a%b", "percent-encoded"),
    "no UTF-8 encoded": (edits(), "a%FF,deletion,,,,1,,", "gene", "a%FF", "UTF-8"),
    "another spelling of a locus": (
        edits(),
        "e\u0301,deletion,,,,1,,",
        "gene",
        "e\u0301",
        r"write '\\xe9'",
    ),
    "another spelling of a variant": (
        edits(variant_column="variant"),
        "c,allele,,e\u0301,,1,,",
        "variant",
        "e\u0301",
        "normal form C",
    ),
    "another spelling of a bare name": (BARE, "e\u0301,,,,,1,,", "gene", "e\u0301", "form C"),
    "another spelling in a genotype": (
        genotype(),
        "e\u0301:deletion,,,,,1,,",
        "gene",
        "e\u0301:deletion",
        "form C",
    ),
    "text for a level": (WITH_LEVEL, "a,deletion,,,high,1,,", "level", "high", "not a number"),
    "infinite level": (WITH_LEVEL, "a,deletion,,,inf,1,,", "level", "inf", "infinite"),
    "colon in a bare name": (BARE, "a:deletion,,,,,1,,", "gene", "a:deletion", "reserved"),
    "percent in a bare name": (BARE, "a%2Bb,,,,,1,,", "gene", "a%2Bb", "reserved"),
    "space in a bare name": (BARE, "a b,,,,,1,,", "gene", "a b", "reserved"),
    "separator at the end": (BARE, "a+,,,,,1,,", "gene", "", "empty"),
    "unknown genotype": (BARE, "NaN,,,,,1,,", "gene", "NaN", "unknown genotype"),
    "locus twice": (BARE, "a+a,,,,,1,,", "gene", "a+a", "exclude"),
    "edit without a kind": (genotype(), "a,,,,,1,,", "gene", "a", "has no kind"),
    "edits that exclude": (
        genotype(),
        "a:knockdown+a:deletion,,,,,1,,",
        "gene",
        "a:knockdown+a:deletion",
        "exclude",
    ),
    "text for a truth value": (
        edits() | {"control_column": "ctrl"},
        "a,deletion,,,,1,,maybe",
        "ctrl",
        "maybe",
        "neither true nor false",
    ),
    "two cells too few": (edits(), "a,deletion,,,,1", None, "a,deletion,,,,1", "6 cells where"),
    "a cell too many": (edits(), "a,deletion,,,,1,,,,", None, "a,deletion,,,,1,,,,", "10 cells"),
}


def rows_for(spec):
    if spec["design"]["layout"] == "edits":
        return HEADER + GOOD
    name = "c" if "kind" in spec["design"] else "c:deletion"
    return HEADER + GOOD.replace("a", name, 1)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_fails_with_row_and_column(ingest, case):
    spec, row, column, value, said = case
    text = rows_for(spec)
    with pytest.raises(BadTableError, match=said) as caught:
        ingest(text + row + "\n" + text.removeprefix(HEADER), spec)
    (offender,) = caught.value.offenders
    assert (offender.row, offender.column, offender.value) == (2, column, value)
    assert caught.value.detail.startswith("row 2" + (f", column {column}: " if column else ": "))
    assert ingest.left_behind == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_or_skips_that_row_alone(ingest, case):
    spec, row, column, *_ = case
    text = rows_for(spec)
    body = text + row + "\n" + text.removeprefix(HEADER)
    profile = ingest(body, spec | {"on_bad_rows": "skip"}).profile
    assert ingest.column("row") == [1, 3]
    assert (profile.row_count, profile.skipped_row_count) == (2, 1)
    (skipped,) = profile.skipped_rows
    assert (skipped.row, skipped.column) == (2, column)


def test_infinity_beside_text_in_one_column(ingest, simple_spec):
    with pytest.raises(BadTableError) as caught:
        ingest("genes\ty\na\t-Infinity\nb\t1e3\nc\tabc\nd\tnAn\n", simple_spec)
    found = [(offender.row, offender.value) for offender in caught.value.offenders]
    assert found == [(1, "-inf"), (3, "abc")]


def test_a_column_of_another_spelling_is_no_locus(ingest):
    design = {"layout": "genes", "columns": ["\u00e9", "e\u0301"], "kind": "deletion"}
    spec = {"design": design, "labels": [LABEL[0] | {"sd_column": None}]}
    with pytest.raises(BadTableError, match="normal form C") as caught:
        ingest("\u00e9\te\u0301\ty\n1\t0\t1\n", spec)
    assert [offender.column for offender in caught.value.offenders] == ["e\u0301"]


def test_suggests_kinds_that_come_close(ingest):
    spec = edits(kinds={"DAmP": {"kind": "allele", "variant": "DAmP"}})
    with pytest.raises(BadTableError) as caught:
        ingest(HEADER + "a,DAMP,,,,1,,\nb,deleton,,,,1,,\n", spec)
    assert [offender.suggestions[:1] for offender in caught.value.offenders] == [
        ["DAmP"],
        ["deletion"],
    ]


def test_presence_and_level_columns_name_the_gene(ingest):
    design = {"layout": "genes", "columns": ["g1", "g2"], "kind": "deletion"}
    spec = {"design": design, "labels": [LABEL[0] | {"sd_column": None}]}
    with pytest.raises(BadTableError, match="are these levels") as caught:
        ingest("g1\tg2\ty\n1\t0\t1\n0\t0.5\t1\nyes\t1\t1\n", spec)
    found = [(offender.row, offender.column, offender.value) for offender in caught.value.offenders]
    assert found == [(2, "g2", "0.5"), (3, "g1", "yes")]


def test_every_row_of_a_bad_matrix_is_skipped(ingest):
    design = {"layout": "genes", "columns": ["g1", "g2"], "kind": "deletion"}
    spec = {"design": design, "labels": [LABEL[0] | {"sd_column": None}], "on_bad_rows": "skip"}
    body = "".join(f"0\tx{i}\t1\n" for i in range(1500)) + "1\t1\t1\n"
    profile = ingest("g1\tg2\ty\n" + body, spec).profile
    assert (profile.row_count, profile.skipped_row_count) == (1, 1500)
    assert profile.skipped_rows[999].column == "g2"


def test_lists_twenty_offenders_in_the_order_of_their_rows(ingest, simple_spec):
    body = "".join(f"a\t{i}x\n" if i > 4 else "a+a\t1\n" for i in range(1, 41))
    with pytest.raises(BadTableError, match=r"row 1, .*39 more bad rows") as caught:
        ingest("genes\ty\n" + body, simple_spec)
    assert [offender.row for offender in caught.value.offenders] == list(range(1, 21))


def test_lists_a_thousand_skipped_rows_and_counts_all(ingest, simple_spec):
    body = "".join("a\n" if i % 2 else "a\tbad\n" for i in range(3000))
    spec = simple_spec | {"on_bad_rows": "skip"}
    profile = ingest("genes\ty\n" + body + "a\t1\n", spec).profile
    assert (profile.row_count, profile.skipped_row_count) == (1, 3000)
    assert [skipped.row for skipped in profile.skipped_rows] == list(range(1, 1001))


def test_a_row_with_two_faults_is_skipped_once(ingest, simple_spec):
    spec = simple_spec | {"on_bad_rows": "skip"}
    profile = ingest("genes\ty\na+a\tx\nb\t1\n", spec).profile
    assert (profile.skipped_row_count, len(profile.skipped_rows)) == (1, 1)


def test_no_good_row_is_an_error(ingest, simple_spec):
    with pytest.raises(BadTableError, match="all 2 rows are bad: row 1, column y"):
        ingest("genes\ty\na\tx\nb\n", simple_spec | {"on_bad_rows": "skip"})
    assert ingest.left_behind == []


def test_a_file_of_ragged_rows_is_given_up_early(ingest, simple_spec):
    with pytest.raises(BadTableError, match=r"row 1: .*1 cells where the header has 2") as caught:
        ingest("genes\ty\n" + "a\n" * 500_000, simple_spec)
    assert len(caught.value.offenders) == 20


@pytest.mark.parametrize("text", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "#N/A", " "])
def test_missing_values(ingest, simple_spec, text):
    profile = ingest(f"genes\ty\na\t1\nb\t{text}\n", simple_spec).profile
    assert (profile.labels[0].count, profile.labels[0].missing_share) == (1, 0.5)
