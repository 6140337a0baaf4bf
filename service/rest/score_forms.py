"""In which form a score is asked for, and in which it is answered."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import ValidationError

from service.contract.errors import InvalidRequestError
from service.contract.inference import ScoreExtra, ScoreField, ScoreRequest
from service.contract.score_tables import TableForm
from service.handlers.context import Context
from service.handlers.invalid import invalid_request
from service.handlers.table_scores import in_form

JSON = "application/json"
# Of other forms: what asks for one of them is no plain request.
VENDOR = b"application/vnd.apache."
_ANY = frozenset({"*/*", "application/*"})

Form = TableForm | None


def form_of_body(content_type: str) -> Form:
    """The form of a table by the type of a body; None: it is none."""
    media_type = content_type.partition(";")[0].strip().lower()
    return TableForm(media_type) if media_type in set(TableForm) else None


def form_of_answer(request: Request, default: Form) -> Form:
    """The form that a client likes best (`Accept`); `default` where it likes any, or none of ours.

    Source: RFC 9110, section 12.5.1; of equals, the one that was named first.
    """
    best: Form = default
    best_quality = 0.0
    for item in ",".join(request.headers.getlist("accept")).split(","):
        media_type, *parameters = [part.strip().lower() for part in item.split(";")]
        quality = _quality(parameters)
        if quality <= best_quality:
            continue
        if media_type in _ANY:
            best, best_quality = default, quality
        elif media_type == JSON or media_type in set(TableForm):
            best = None if media_type == JSON else TableForm(media_type)
            best_quality = quality
    return best


def _quality(parameters: list[str]) -> float:
    text = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return float(text)
    except ValueError:
        return 0.0


async def answered(
    context: Context, answer: bytes, form: Form, options: dict[str, Any]
) -> Response:
    """An answer in JSON in the form that was asked for."""
    if form is None:
        return Response(answer, media_type=JSON)
    kept = {k: v for k, v in options.items() if k == "timeout_seconds"}
    return Response(await in_form(context, answer, form, **kept), media_type=form)


async def options_of_query(
    *,
    fields: Annotated[
        list[str] | None,
        Query(
            description="Columns to answer, by comma or repeated; as `fields` of the body",
            examples=["mean,sd"],
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        Query(description="What else to answer, by comma or repeated; as `include` of the body"),
    ] = None,
    interval_level: Annotated[
        float | None, Query(ge=0.5, le=0.99, description="As `interval_level` of the body")
    ] = None,
    timeout_seconds: Annotated[
        float | None, Query(gt=0, le=60, description="As `timeout_seconds` of the body")
    ] = None,
) -> dict[str, Any]:
    """What the query says of a score; it counts before what a body says."""
    options: dict[str, Any] = {
        "fields": fields and _known("fields", fields, ScoreField),
        "include": include and _known("include", include, ScoreExtra),
        "interval_level": interval_level,
        "timeout_seconds": timeout_seconds,
    }
    return {name: value for name, value in options.items() if value is not None}


def with_options(body: ScoreRequest, options: dict[str, Any]) -> ScoreRequest:
    """A request with what the query says of it.

    Raises:
        InvalidRequestError: together they make no sense.
    """
    if not options:
        return body
    try:
        return ScoreRequest.model_validate({**body.model_dump(), **options})
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False), options) from None


def _known(
    field: str, texts: list[str], names: type[ScoreField] | type[ScoreExtra]
) -> list[ScoreField | ScoreExtra]:
    try:
        return [names(part.strip()) for part in ",".join(texts).split(",")]
    except ValueError as error:
        raise InvalidRequestError(f"{field}: {error}; known: {', '.join(names)}") from None
