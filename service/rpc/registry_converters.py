"""Messages of models, aliases and promotions to what handlers take, and back."""

from typing import Literal

from pydantic import BaseModel

from service.contract.comparisons import CompareRequest, Comparison
from service.contract.registry import (
    ModelAlias,
    ModelReadiness,
    PromoteRequest,
    Promotion,
    RollbackRequest,
)
from service.contract.repositories.models import ModelFilter
from service.contract.resources import ListAnswer, Model
from service.handlers.requests import PageRequest
from service.rpc.arguments import PageArguments, sooner
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import registry_pb2


class _ModelsArguments(PageArguments):
    dataset_id: str | None = None
    name: str | None = None
    with_archived: bool = False


class _NamedArguments(PageArguments):
    name: str | None = None
    alias: str | None = None


class _PromoteArguments(PromoteRequest):
    id: str = ""


class _RollbackArguments(RollbackRequest):
    reference: str = ""


class _ReportArguments(BaseModel):
    id: str = ""
    format: Literal["json", "html"] = "json"


class _ExportArguments(BaseModel):
    id: str = ""
    with_onnx: bool = True


def models_arguments(request: registry_pb2.ListModelsRequest) -> tuple[PageRequest, ModelFilter]:
    """Which page of models to list, and which models.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ModelsArguments, request)
    return asked.page, ModelFilter(asked.dataset_id, asked.name, asked.with_archived)


def aliases_arguments(
    request: registry_pb2.ListModelAliasesRequest,
) -> tuple[PageRequest, str | None]:
    """Which page of aliases to list, and of which name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_NamedArguments, request)
    return asked.page, asked.name


def promotions_arguments(
    request: registry_pb2.ListPromotionsRequest,
) -> tuple[PageRequest, dict[str, str | None]]:
    """Which page of promotions to list, and the filters by name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_NamedArguments, request)
    return asked.page, {"name": asked.name, "alias": asked.alias}


def promote_arguments(request: registry_pb2.PromoteModelRequest) -> tuple[str, PromoteRequest]:
    """What calls the model, and the alias that is to mean it.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_PromoteArguments, request)
    return asked.id, PromoteRequest(alias=asked.alias, note=asked.note)


def rollback_arguments(
    request: registry_pb2.RollbackModelAliasRequest,
) -> tuple[str, RollbackRequest]:
    """What calls the alias, and why it goes back.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_RollbackArguments, request)
    return asked.reference, RollbackRequest(note=asked.note)


def compare_arguments(
    request: registry_pb2.CompareModelsRequest, seconds_left: float | None
) -> CompareRequest:
    """What to compare within the `seconds_left` of the call's deadline.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(CompareRequest, request)
    timeout_seconds = sooner(asked.timeout_seconds, seconds_left)
    return asked.model_copy(update={"timeout_seconds": timeout_seconds})


def is_page(request: registry_pb2.DownloadModelReportRequest) -> bool:
    """Whether the page is asked for, and not the JSON.

    Raises:
        InvalidArgumentError: it is neither.
    """
    return parsed(_ReportArguments, request).format == "html"


def with_onnx(request: registry_pb2.ExportModelRequest) -> bool:
    """Whether the ONNX file is asked for."""
    return parsed(_ExportArguments, request).with_onnx


def model_message(model: Model) -> registry_pb2.Model:
    """A model as it is sent."""
    return write_message(registry_pb2.Model(), model.model_dump())


def models_message(answer: ListAnswer[Model]) -> registry_pb2.ListModelsResponse:
    """A page of models as it is sent."""
    return registry_pb2.ListModelsResponse(
        models=[model_message(model) for model in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def readiness_message(readiness: ModelReadiness) -> registry_pb2.ModelReadiness:
    """Whether a model can answer, as it is sent."""
    return write_message(registry_pb2.ModelReadiness(), readiness.model_dump())


def comparison_message(comparison: Comparison) -> registry_pb2.CompareModelsResponse:
    """A comparison as it is sent."""
    return write_message(registry_pb2.CompareModelsResponse(), comparison.model_dump())


def alias_message(alias: ModelAlias) -> registry_pb2.ModelAlias:
    """An alias as it is sent."""
    return write_message(registry_pb2.ModelAlias(), alias.model_dump())


def aliases_message(answer: ListAnswer[ModelAlias]) -> registry_pb2.ListModelAliasesResponse:
    """A page of aliases as it is sent."""
    return registry_pb2.ListModelAliasesResponse(
        model_aliases=[alias_message(alias) for alias in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def promotion_message(promotion: Promotion) -> registry_pb2.Promotion:
    """A promotion as it is sent."""
    return write_message(registry_pb2.Promotion(), promotion.model_dump())


def promotions_message(answer: ListAnswer[Promotion]) -> registry_pb2.ListPromotionsResponse:
    """A page of promotions as it is sent."""
    return registry_pb2.ListPromotionsResponse(
        promotions=[promotion_message(promotion) for promotion in answer.items],
        next_page_token=answer.next_page_token or "",
    )
