"""Several requests about one model as one batch: each gets the answer that it would get alone."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson

from service.contract.errors import CellgebraError
from service.contract.inference import DEFAULT_LEVEL, ScoreField
from service.contract.questions import Part
from worker.inference.predictor import Predictor

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


def _parts(predictor: Predictor, requests: Sequence[Request]) -> list[Part]:
    try:
        return list(_together(predictor, requests))
    except CellgebraError as error:
        if len(requests) == 1:
            return [error]
    return [part for request in requests for part in _parts(predictor, [request])]


def _together(predictor: Predictor, requests: Sequence[Request]) -> Iterator[bytes]:
    fields = requests[0].get("fields")
    answer = predictor.score(
        [text for request in requests for text in request["genotypes"]],
        None if fields is None else [ScoreField(field) for field in fields],
        interval_level=requests[0].get("interval_level", DEFAULT_LEVEL),
        deadline_unix_seconds=max(r.get("deadline_unix_seconds", math.inf) for r in requests),
    )
    whole = answer.model_dump(mode="json", exclude_none=True)
    begin = 0
    for request in requests:
        end = begin + len(request["genotypes"])
        yield orjson.dumps(_cut(whole, begin, end))
        begin = end


def _cut(part: Any, begin: int, end: int) -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        return {key: _cut(value, begin, end) for key, value in part.items()}
    if isinstance(part, list):
        if part and isinstance(part[0], dict):
            return [_cut(value, begin, end) for value in part]
        return part[begin:end]
    return part
