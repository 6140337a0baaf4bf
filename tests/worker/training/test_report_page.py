"""The report's page: whole in itself, whatever the names on it, and the same each time."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.report_diagnostics import EpochPoint
from tests.worker.tables import IDENTITY, log_titer, random_designs, small_spec, write_table
from worker.training.report_page import figure, number, percent, render_page
from worker.training.report_plots import draw
from worker.training.report_plots_designs import residual_picture
from worker.training.report_plots_training import loss_picture
from worker.training.run import train_model

HOSTILE = '<script>alert(1)</script> & "quoted" $x^2$ \u202etxt \u2603'
LONG = "g0" + "x" * 198


class Reader(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An additive model of data whose every name is hostile."""
    names = {"g0": LONG, "g1": "<img src=x onerror=alert(1)>", "g2": "\u03b2-gal"}
    designs = random_designs(70)
    quoted = {
        name: "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):02X}" for c in text)
        for name, text in names.items()
        if text.isascii()
    } | {"g2": "%CE%B2-gal"}
    renamed = [re.sub(r"g[012]", lambda match: quoted[match[0]], text) for text in designs]
    column = LabelColumn(name=HOSTILE, kind="titer", scale="log", unit="<b>mg</b>/L $")
    path = write_table(
        tmp_path_factory.mktemp("hostile") / "table.parquet",
        renamed,
        **{f"label.{HOSTILE}": np.exp(log_titer(designs))},
    )
    spec = small_spec(
        labels=[{"name": HOSTILE}],
        name=HOSTILE,
        model={"kind": "additive"},
        split={"kind": "random", "test_fraction": 0.4},
    )
    return train_model(spec, path, [column], identity=IDENTITY)


@pytest.fixture(scope="module")
def page(trained):
    return render_page(trained.told(), trained.manifest)


def test_no_name_becomes_markup(page):
    reader = Reader(page)
    assert not {"script", "img", "iframe", "object", "embed", "b"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert HOSTILE in reader.text


def test_the_page_asks_for_nothing(page):
    reader = Reader(page)
    links = [v for name, v in reader.attributes if name in {"href", "src", "xlink:href", "action"}]
    assert {link[0] for link in links if link != "data:,"} == {"#"}
    assert "@import" not in page
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= set(re.findall(r"url\((#[^)]*)\)", page))


def test_what_is_pointed_at_is_there_once(page):
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:xlink:href="|url\()#([^")]*)', page)) <= set(ids)


def test_every_picture_says_what_it_shows(trained, page):
    pictures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(pictures) >= 4
    for drawn in pictures:
        assert re.search(r'<svg role="img" aria-label="[^"]{40,}"', drawn)
        assert re.search(r"<h3>[^<]+</h3>", drawn)
        caption = re.search(r"<figcaption>(.*?)</figcaption>", drawn, re.DOTALL)[1]
        assert "test designs" in caption
    assert trained.report.labels[0].verdict in Reader(page).text


def test_the_same_designs_give_the_same_picture(trained):
    (figures,) = trained.report.diagnostics.designs
    drawn = [residual_picture(figures, name).svg for name in ("one", "one", "other")]
    assert drawn[0] == drawn[1]
    ids = [set(re.findall(r' id="([^"]*)"', svg)) for svg in drawn]
    assert ids[0] == ids[1]
    assert ids[0] & ids[2] == set()


@pytest.mark.slow
def test_the_same_report_gives_the_same_page(trained, page):
    assert render_page(trained.told(), trained.manifest) == page


def test_a_report_without_diagnostics_has_no_page(trained):
    with pytest.raises(ValueError, match="diagnostics"):
        render_page(trained.told().summary(), trained.manifest)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (float("nan"), "\u2013"),
        (0.0, "0.00"),
        (0.1234, "0.123"),
        (-12.345, "\u221212.3"),
        (1234.5, "1,234"),
        (1e-7, "1.00e\u221207"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_shares_are_per_cent():
    shown = [percent(value) for value in (None, 0.95, 1.0, 0.123, -0.5, -17.0951)]
    assert shown == ["\u2013", "95 %", "100 %", "12.3 %", "\u221250 %", "\u22121,710 %"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0.0, "0.000"),
        (-0.0002, "0.000"),
        (-0.0226, "\u22120.023"),
        (0.99962, "0.9996"),
        (1.0, "1.000"),
        (-2.5, "\u22122.500"),
        (-54.8, "\u221254.8"),
    ],
)
def test_correlations_have_three_decimals_and_none_is_rounded_to_a_perfect_one(value, text):
    assert figure(value) == text


def test_what_a_picture_says_keeps_its_digits():
    ticks = [0.0025, 0.005, 0.0075]
    svg = draw(lambda figure: figure.subplots().set_yticks(ticks), name="ticks")
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"0.0025", "0.0050", "0.0075"} <= set(shown)


@pytest.fixture(scope="module")
def of_no_unit(tmp_path_factory):
    """A model of a ratio whose rows are copies: nothing is known of the noise."""
    designs = list({frozenset(d.split("+")): d for d in random_designs(90)}.values())
    path = write_table(
        tmp_path_factory.mktemp("ratio") / "table.parquet",
        designs + designs,
        label__ratio=np.tile(log_titer(designs), 2),
    )
    spec = small_spec(
        labels=[{"name": "ratio"}],
        model={"kind": "additive"},
        ensemble_size=1,
        split={"kind": "random", "test_fraction": 0.4},
    )
    column = LabelColumn(name="ratio", kind="rate", unit="1")
    trained = train_model(spec, path, [column], identity=IDENTITY)
    return trained, Reader(render_page(trained.told(), trained.manifest)).text


def test_a_label_without_a_unit_is_shown_without_one(of_no_unit):
    _, text = of_no_unit
    assert "no unit" in text
    assert not re.search(r"\(1\)|\d 1[ ,;.]", text.partition("Training report")[2])


def test_copies_of_rows_are_no_error_bars_and_no_ceilings(of_no_unit):
    trained, text = of_no_unit
    (figures,) = trained.report.diagnostics.designs
    assert (figures.sd_source, set(figures.shown.measured_sd)) == ("", {None})
    assert "No error of the measurements is known" in text
    assert "How far the data allow a model to come is not known: no build has two rows" in text
    assert "highest Pearson" not in text


def test_without_repeats_all_that_is_beyond_neutral_is_explained_or_not(of_no_unit):
    trained, text = of_no_unit
    found = trained.report.labels[0].headline
    assert found.share_above_noise is None
    test = trained.report.labels[0].test
    rows = [row for row, order in enumerate(test.order) if order > 1]
    measured, predicted, neutral = (
        np.array(column)[rows] for column in (test.measured, test.prediction, test.expected_neutral)
    )
    by_hand = 1 - np.var(measured - predicted) / np.var(measured - neutral)
    assert found.share_explained == pytest.approx(by_hand)
    assert "edit_frequency" not in found.explained_by_predictor
    assert "beyond neutral" in text
    assert found.statement in text


def test_what_a_null_was_fitted_on_stands_at_its_table(trained):
    note = "The forest null is fitted on 5 random training observations of 70."
    told = trained.told()
    thinned = told.model_copy(update={"notes": (*told.notes, note)})
    text = Reader(render_page(thinned, trained.manifest)).text
    assert text.count(note) == 1
    assert text.index("Against the null models") < text.index(note) < text.index("Verdict")


@pytest.mark.parametrize(
    ("terms", "shown"),
    [
        ({"total": 1.0, "mse": 1.0}, "mse."),
        ({"total": 2.0, "mse": 1.0, "dist": 1.0}, "total, mse, dist."),
    ],
)
def test_a_total_of_one_term_is_not_drawn_twice(terms, shown):
    points = [EpochPoint(member=0, epoch=epoch, terms=terms) for epoch in (1, 2)]
    assert loss_picture(points, "losses").alt.endswith(f"members: {shown}")


def test_epochs_are_whole_numbers():
    points = [EpochPoint(member=0, epoch=k, terms={"total": 10.0 * k}) for k in (1, 2, 3)]
    svg = loss_picture(points, "losses").svg
    ticks = re.findall(r">([\d.]+)</text>", svg)
    assert {"1", "2", "3"} <= set(ticks)
    assert not {"1.5", "2.5"} & set(ticks)
