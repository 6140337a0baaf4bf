"""Messages of scores to what handlers take, and back.

The rules are those of `mapping`, and a test holds both to the same messages. Scores are many and
large, so here nothing is looked up by name: arrays are handed on as wholes, and only what the two
sides spell differently is touched.
"""

from typing import Any

import orjson
from google.protobuf.unknown_fields import UnknownFieldSet
from pydantic import ValidationError

from service.contract.inference import NeutralSource, ScoreRequest
from service.handlers.invalid import invalid_request
from service.rpc.mapping import enum_number, enum_text, read_message
from service.rpc.pb.cellgebra.v1 import inference_pb2 as pb

_SOURCES = {
    source.value: enum_number(pb.NeutralSource.DESCRIPTOR, source) for source in NeutralSource
}
_FIELD_TEXTS = {
    number: enum_text(pb.ScoreField.DESCRIPTOR, number) for number in pb.ScoreField.values()
}
_EXTRA_TEXTS = {
    number: enum_text(pb.ScoreExtra.DESCRIPTOR, number) for number in pb.ScoreExtra.values()
}
_COUNTS_OR_NONE = ("edit_count_min", "pair_count_min")


def score_arguments(
    request: pb.ScoreRequest, seconds_left: float | None
) -> tuple[str, ScoreRequest]:
    """The model's id, and what is asked of it within the `seconds_left` of the call's deadline.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    data = _given(request)
    try:
        asked = ScoreRequest.model_validate(data)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False), data) from None
    if seconds_left is not None and 0 < seconds_left < asked.timeout_seconds:
        asked = asked.model_copy(update={"timeout_seconds": seconds_left})
    return request.model_id, asked


def _given(request: pb.ScoreRequest) -> dict[str, Any]:
    """As `read_message`, but for the model's id."""
    if request.conditions or len(UnknownFieldSet(request)):
        given = read_message(request)
        given.pop("model_id", None)
        return given
    data: dict[str, Any] = {}
    if request.genotypes:
        data["genotypes"] = list(request.genotypes)
    if request.fields:
        data["fields"] = [_FIELD_TEXTS.get(number, str(number)) for number in request.fields]
    if request.include:
        data["include"] = [_EXTRA_TEXTS.get(number, str(number)) for number in request.include]
    for name in ("timeout_seconds", "interval_level"):
        if request.HasField(name):
            data[name] = getattr(request, name)
    return data


def score_fields(answer: bytes) -> dict[str, Any]:
    """The fields of a `ScoreResponse`, from a `ScoreAnswer` in JSON.

    Given to the message that is sent, they are written once, whether it is theirs or holds it.
    """
    data: dict[str, Any] = orjson.loads(answer)
    for label in data["labels"]:
        if label.get("neutral_source"):
            label["neutral_source"] = [_SOURCES[source] for source in label["neutral_source"]]
    support = data.get("support")
    if support:
        for name in _COUNTS_OR_NONE:
            if None in support[name]:
                support[name] = [-1 if count is None else count for count in support[name]]
    return data
