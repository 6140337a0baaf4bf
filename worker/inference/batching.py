"""Several requests about one model as one batch: each gets the answer that it would get alone."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from service.contract.errors import CellgebraError
from service.contract.genotype_reader import ReadGenotypes
from service.contract.inference import DEFAULT_LEVEL, ScoreExtra, ScoreField
from service.contract.questions import Part
from worker.inference.extras import extras_of
from worker.inference.predictor import Predictor
from worker.inference.score_columns import ScoreExtras, answer_json, answers_json
from worker.models.encoding import EncodedDesigns

Request = Mapping[str, Any]


def score_requests(predictor: Predictor, requests: Sequence[Request]) -> list[Part]:
    """Answers in JSON but for the designs' texts, or errors, in the order of the requests.

    Those that ask for the same columns are scored together; if one of them has a design that
    cannot be scored, each is scored by itself.
    """
    parts: dict[int, Part] = {}
    kinds = [_kind(place, request) for place, request in enumerate(requests)]
    for _, group in groupby(sorted(range(len(requests)), key=kinds.__getitem__), kinds.__getitem__):
        places = list(group)
        parts.update(zip(places, _parts(predictor, [requests[p] for p in places]), strict=True))
    return [parts[place] for place in range(len(requests))]


def _kind(place: int, request: Request) -> tuple[str, float, int]:
    fields = request.get("fields")
    asked = "*" if fields is None else ",".join(sorted(fields))
    # Whatever is included is computed design by design: nothing is gained by putting it together.
    own = place if request.get("include") else -1
    return asked, request.get("interval_level", DEFAULT_LEVEL), own


def _parts(predictor: Predictor, requests: Sequence[Request]) -> Sequence[Part]:
    try:
        return _together(predictor, requests)
    except CellgebraError as error:
        if len(requests) == 1:
            return [error]
    return [part for request in requests for part in _parts(predictor, [request])]


def _together(predictor: Predictor, requests: Sequence[Request]) -> list[bytes]:
    designs = EncodedDesigns.of(ReadGenotypes.unpacked(request["designs"] for request in requests))
    fields = requests[0].get("fields")
    scores = predictor.columns(
        designs,
        None if fields is None else [ScoreField(field) for field in fields],
        interval_level=requests[0].get("interval_level", DEFAULT_LEVEL),
        deadline_unix_seconds=max(r.get("deadline_unix_seconds", math.inf) for r in requests),
    )
    if len(requests) == 1:
        return [answer_json(scores, None, _extras(predictor, designs, requests[0]))]
    return answers_json(scores, [request["design_count"] for request in requests])


def _extras(predictor: Predictor, designs: EncodedDesigns, request: Request) -> ScoreExtras | None:
    include = [ScoreExtra(extra) for extra in request.get("include") or ()]
    if not include:
        return None
    deadline = request.get("deadline_unix_seconds", math.inf)
    return extras_of(predictor, designs, include, deadline_unix_seconds=deadline)
