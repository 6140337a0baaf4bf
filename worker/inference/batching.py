"""Several requests about one model as one batch: each gets the answer that it would get alone."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from service.contract.errors import CellgebraError
from service.contract.inference import DEFAULT_LEVEL, ScoreField
from service.contract.questions import Part
from worker.inference.predictor import Predictor
from worker.inference.score_columns import answer_json, answers_json

Request = Mapping[str, Any]


def score_requests(predictor: Predictor, requests: Sequence[Request]) -> list[Part]:
    """Answers in JSON, or errors, in the order of the requests.

    Those that ask for the same columns are scored together; if one of them has a design that
    cannot be scored, each is scored by itself.
    """
    parts: dict[int, Part] = {}
    order = sorted(range(len(requests)), key=lambda place: _kind(requests[place]))
    for _, group in groupby(order, key=lambda place: _kind(requests[place])):
        places = list(group)
        parts.update(zip(places, _parts(predictor, [requests[p] for p in places]), strict=True))
    return [parts[place] for place in range(len(requests))]


def _kind(request: Request) -> tuple[str, float]:
    fields = request.get("fields")
    asked = "*" if fields is None else ",".join(sorted(fields))
    return asked, request.get("interval_level", DEFAULT_LEVEL)


def _parts(predictor: Predictor, requests: Sequence[Request]) -> Sequence[Part]:
    try:
        return _together(predictor, requests)
    except CellgebraError as error:
        if len(requests) == 1:
            return [error]
    return [part for request in requests for part in _parts(predictor, [request])]


def _together(predictor: Predictor, requests: Sequence[Request]) -> list[bytes]:
    genotypes = [text for request in requests for text in request["genotypes"]]
    texts, designs = predictor.vocabulary.read(genotypes)
    fields = requests[0].get("fields")
    scores = predictor.columns(
        designs,
        None if fields is None else [ScoreField(field) for field in fields],
        interval_level=requests[0].get("interval_level", DEFAULT_LEVEL),
        deadline_unix_seconds=max(r.get("deadline_unix_seconds", math.inf) for r in requests),
    )
    if len(requests) == 1:
        return [answer_json(scores, texts)]
    return answers_json(scores, texts, [len(request["genotypes"]) for request in requests])
