"""Mappings of published tables. All rows here are made up; only their form is that of the files."""

import math

import pytest

from service.contract.errors import BadTableError
from worker.data.presets import read_strain

DELTA = "\u0394"
COSTANZO_HEADER = (
    "Query Strain ID\tQuery allele name\tArray Strain ID\tArray allele name\tArraytype/Temp\t"
    "Genetic interaction score (\u03b5)\tP-value\tQuery single mutant fitness (SMF)\tArray SMF\t"
    "Double mutant fitness\tDouble mutant fitness standard deviation\n"
)
COSTANZO = COSTANZO_HEADER + (
    "YAL001C_tsq508\tsyn3-g3e\tYBR010W_dma123\tsyn1\tDMA30\t-0.10\t0.5\t0.8\t1.0\t0.70\t0.05\n"
    "YAL002W_sn12\tsyn8\tYBR011C_tsa77\tsyn1-1\tTSA26\t0.02\t0.1\t0.9\t0.6\t0.56\t0.01\n"
    "YAL003W_damp9\tsyn1-damp\tYBR010W_dma123\tsyn1\tDMA30\tNaN\tNaN\t0.9\t1.0\tNaN\tNaN\n"
    "YDL227C_y13096\tho\tYBR010W_dma123\tsyn1\tDMA30\t0\t1\t1\t1\t1\t0.02\n"
    "YBR010W_sn5\tsyn1\tYAL002W_dma8\tsyn8\tDMA30\t0.06\t0.1\t1\t0.9\t0.96\t0.03\n"
    "YBR010W_sn6\tsyn1\tYAL002W_dma8\tsyn8\tDMA30\t0.08\t0.1\t1\t0.9\t0.98\t0.03\n"
)
KUZMIN_HEADER = (
    "Query strain ID\tQuery allele name\tArray strain ID\tArray allele name\t"
    "Combined mutant type\tRaw genetic interaction score (epsilon)\t"
    "Adjusted genetic interaction score (epsilon or tau)\tP-value\t"
    "Query single/double mutant fitness\tArray single mutant fitness\t"
    "Combined mutant fitness\tCombined mutant fitness standard deviation\n"
)
KUZMIN = KUZMIN_HEADER + (
    f"YAL015C+YDL227C_tm461\tsyn1{DELTA}+ho{DELTA}\tYBL007C_dma91\tsyn2{DELTA}\tdigenic\t"
    "0.01\t0.02\t0.4\t\t0.96\t0.97\t0.05\n"
    f"YDL227C+YAL016W_tm9\tho{DELTA}+syn3-ts\tYBL023C_tsa111\tsyn4-1\tdigenic\t"
    "0.03\t0.03\t0.4\t\t0.9\t0.9\t0.05\n"
    f"YAL015C+YOL043C_tm72\tsyn1{DELTA}+syn5{DELTA}\tYBL007C_dma91\tsyn2{DELTA}\ttrigenic\t"
    "-0.2\t-0.1\t0.01\t1.0\t0.96\t0.8\t0.04\n"
)


def columns(ingest, *names):
    return [tuple(row[name] for name in names) for row in ingest.rows]


def test_costanzo_2016(ingest):
    result = ingest(COSTANZO, {"preset": "costanzo2016"})
    assert ingest.column("genotype") == [
        "YAL001C:allele=syn3-g3e+YBR010W:deletion",
        "YAL002W:deletion+YBR011C:allele=syn1-1",
        "YAL003W:allele=syn1-damp+YBR010W:deletion",
        "YBR010W:deletion",
        "YAL002W:deletion+YBR010W:deletion",
        "YAL002W:deletion+YBR010W:deletion",
    ]
    first = ingest.rows[0]
    assert (first["label.epsilon"], first["label.fitness"], first["sd.fitness"]) == (
        -0.1,
        0.7,
        0.05,
    )
    assert first["build"] == "YAL001C_tsq508 x YBR010W_dma123"
    assert first["covariate.array_temperature"] == "DMA30"
    epsilon, fitness = result.profile.labels
    assert (epsilon.count, fitness.count) == (5, 5)
    # Two strains of one pair: mean scores 0.06 and 0.08.
    assert epsilon.sd_across_builds == pytest.approx(math.sqrt(2) * 0.01)
    assert epsilon.sd_within_builds is None


def test_costanzo_2016_resolves_to_a_spec_without_a_preset(ingest):
    spec = ingest(COSTANZO, {"preset": "costanzo2016"}).spec
    assert spec.preset is None
    assert [(label.name, label.measure, label.unit) for label in spec.labels] == [
        ("epsilon", "epsilon", "relative fitness"),
        ("fitness", None, "relative fitness"),
    ]
    assert spec.labels[0].column == "Genetic interaction score (\u03b5)"
    assert spec.covariates[0].role == "condition"


def test_costanzo_2016_without_the_columns_that_may_be_missing(ingest):
    """The short form of the table: no allele names, no array type, another spelling."""
    text = (
        "Query Strain ID\tArray Strain ID\tgenetic  interaction SCORE\t"
        "Double mutant fitness\tDouble mutant fitness standard deviation\n"
        "YAL001C_tsq508\tYBR010W_dma123\t-0.1\t0.7\t0.05\n"
        "YAL003W_damp9\tYBR010W_dma123\t-0.1\t0.7\t0.05\n"
    )
    spec = ingest(text, {"preset": "costanzo2016"}).spec
    assert ingest.column("genotype") == [
        "YAL001C:allele=tsq508+YBR010W:deletion",
        "YAL003W:allele=damp+YBR010W:deletion",
    ]
    assert spec.covariates == ()


def test_kuzmin_2018_keeps_ho_delta_out_and_tells_tau_from_epsilon(ingest):
    ingest(KUZMIN, {"preset": "kuzmin2018"})
    assert ingest.column("genotype") == [
        "YAL015C:deletion+YBL007C:deletion",
        "YAL016W:allele=syn3-ts+YBL023C:allele=syn4-1",
        "YAL015C:deletion+YBL007C:deletion+YOL043C:deletion",
    ]
    scores = columns(ingest, "label.epsilon", "label.tau")
    assert [score for score, _ in scores[:2]] == [0.02, 0.03]
    assert scores[2][1] == -0.1
    assert math.isnan(scores[2][0])
    assert all(math.isnan(tau) for _, tau in scores[:2])
    assert columns(ingest, "label.fitness", "sd.fitness")[2] == (0.8, 0.04)


def test_kuzmin_2018_takes_the_column_names_of_the_later_tables(ingest):
    text = KUZMIN.replace("Combined mutant fitness", "Double/triple mutant fitness")
    ingest(text, {"preset": "kuzmin2018"})
    assert ingest.column("label.fitness") == [0.97, 0.9, 0.8]


def test_a_preset_takes_more_columns_and_rules(ingest):
    spec = {
        "preset": "kuzmin2018",
        "covariates": [{"name": "p", "column": "P-value", "role": "batch"}],
        "replicate_column": "Query strain ID",
        "on_bad_rows": "skip",
    }
    bad = "nonsense\tx\tYBL007C_dma91\tx\tdigenic\t0\t0\t1\t\t1\t1\t0.1\n"
    result = ingest(KUZMIN + bad, spec)
    assert result.profile.skipped_row_count == 1
    assert ingest.column("covariate.p") == ["0.4", "0.4", "0.01"]


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        (("YAL015C+YOL043C_tm72", "YAL015C-tm72"), "Query strain ID", "not a strain id"),
        (("YAL015C+YOL043C_tm72", "YAL015C_tm72"), "Query strain ID", "1 loci but"),
        (("\ttrigenic\t", "\tdigenic\t"), "Combined mutant type", "hold another number of edits"),
        (("\ttrigenic\t", "\tother\t"), "Combined mutant type", "neither digenic nor"),
        (("YBL007C_dma91\tsyn2\u0394\ttri", "YAL015C_dma9\tsyn2\u0394\ttri"), None, "exclude"),
        ((f"syn1{DELTA}+syn5{DELTA}", ""), "Query strain ID", "needs an allele name"),
        ((f"+syn5{DELTA}", "+syn5-e\u0301"), "Query strain ID", "normal form C"),
    ],
)
def test_bad_strains_have_a_row_and_a_column(ingest, change, column, said):
    with pytest.raises(BadTableError, match=said) as caught:
        ingest(KUZMIN.replace(*change), {"preset": "kuzmin2018"})
    (offender,) = caught.value.offenders
    assert (offender.row, offender.column) == (3, column)


def test_a_missing_published_column_is_named(ingest):
    with pytest.raises(BadTableError, match="no column 'Genetic interaction score'") as caught:
        ingest(KUZMIN, {"preset": "costanzo2016"})
    assert "Double mutant fitness" in {offender.column for offender in caught.value.offenders}


@pytest.mark.parametrize(
    ("strain", "allele", "text"),
    [
        ("YAL001C_sn1", None, "YAL001C:deletion"),
        ("YCL058W-A_dma1", "ycl058w-a", "YCL058W-A:deletion"),
        ("YAL001C_tsq1", None, "YAL001C:allele=tsq1"),
        ("YAL001C_tsa1", "abc1-1", "YAL001C:allele=abc1-1"),
        ("YAL001C_damp1", None, "YAL001C:allele=damp"),
        ("YAL001C_S1", "abc1-supp1", "YAL001C:allele=abc1-supp1"),
        ("YAL001C_tm1", "abc1\u2206", "YAL001C:deletion"),
        ("YDL227C_sn1", None, None),
    ],
)
def test_strain_suffixes(strain, allele, text):
    assert [str(edit) for edit in read_strain(strain, allele, "c")] == ([text] if text else [])
