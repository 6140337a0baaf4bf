"""What a notebook shows: well-formed, to scale, and text whatever the names hold."""

import xml.etree.ElementTree as ET
from math import nan

import pytest

from service.client.cards import job_card, model_card
from service.client.pictures import bars, intervals, loss_curves
from service.client.scores import Scores
from service.contract.resources import Model, TrainingJob
from tests.service.client.test_transport import JOB, MODEL

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("x")</script>&'


def tree(text):
    return ET.fromstring(text)  # noqa: S314 - our own


def points(line):
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def epoch(number, member=0, **terms):
    return {"member": member, "epoch": number, "epochs": 3, "terms": terms}


def test_curves_are_those_of_the_last_member_and_to_scale():
    told = [epoch(0, mse=9.0), *(epoch(k, 1, mse=v) for k, v in enumerate((4.0, 1.0, 3.0)))]
    (line,) = tree(loss_curves(told)).findall(f"{SVG}polyline")
    (x0, y0), (x1, y1), (x2, y2) = points(line)
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert (y1 - y2) / (y1 - y0) == pytest.approx(2 / 3, abs=0.01)  # less is further down
    assert loss_curves([]) == ""


def test_what_is_not_finite_is_not_drawn():
    told = [epoch(k, mse=v, dist=nan) for k, v in enumerate((2.0, nan, 1.0))]
    (line,) = tree(loss_curves(told)).findall(f"{SVG}polyline")
    assert len(points(line)) == 2
    picture = tree(intervals(["a", "b"], [1.0, nan], [(0.0, 2.0), (nan, nan)], "h"))
    assert len(picture.findall(f"{SVG}circle")) == 1
    assert intervals(["a"], [nan], [(nan, nan)], "h") == ""


def test_a_mean_in_the_middle_of_its_interval_is_drawn_there():
    names, spans = ["", "b"], [(0.0, 4.0), (1.0, 3.0)]
    picture = tree(intervals(names, [2.0, 1.5], spans, "mg/L"))
    lines = [points(line) for line in picture.findall(f"{SVG}polyline")]
    dots = [float(dot.get("cx")) for dot in picture.findall(f"{SVG}circle")]
    (left, right), (inner, _) = ([x for x, _ in line] for line in lines)
    assert dots[0] == pytest.approx((left + right) / 2, abs=0.1)
    assert dots[1] == pytest.approx(left + (right - left) * 1.5 / 4, abs=0.1)
    assert inner == pytest.approx(left + (right - left) / 4, abs=0.1)
    assert "reference" in [text.text for text in picture.iter(f"{SVG}text")]


def test_bars_are_as_long_as_what_they_say():
    picture = tree(bars([("m", 0.8), ("null", 0.4), ("none", None)], "t"))
    ours, null = (float(bar.get("width")) for bar in picture.findall(f"{SVG}rect"))
    assert ours == pytest.approx(2 * null, abs=0.1)
    signed = tree(bars([("m", -0.5), ("null", 0.5)], "t")).findall(f"{SVG}rect")
    assert float(signed[0].get("x")) < float(signed[1].get("x"))


def test_names_are_text_whatever_they_hold():
    job = TrainingJob.model_validate({**JOB, "spec": {**JOB["spec"], "name": HOSTILE}})
    report = {
        "labels": [
            {
                "name": HOSTILE,
                "headline": {"statement": HOSTILE},
                "verdict": HOSTILE,
                "table": [{"predictor": HOSTILE, "role": "model", "spearman": 0.5}],
            }
        ]
    }
    model = Model.model_validate({**MODEL, "name": HOSTILE, "report": report})
    scores = Scores.model_validate(
        {
            "model_id": HOSTILE,
            "vocabulary_sha256": "a",
            "genotypes": [HOSTILE],
            "labels": [
                {"name": HOSTILE, "unit": HOSTILE, "neutral_model": "additive", "mean": [1.0]}
            ],
        }
    )
    cards = [
        job_card(job, [epoch(0, **{HOSTILE: 1.0}), epoch(1, **{HOSTILE: 0.5})]),
        model_card(model),
        scores._repr_html_(),
    ]
    for card in cards:
        found = tree(card)
        assert "<script" not in card
        assert HOSTILE in "".join(found.itertext()) or HOSTILE[:29] in "".join(found.itertext())
        assert found.findall(f".//{SVG}svg")
