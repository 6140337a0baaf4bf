"""Messages of API keys to what handlers take, and back."""

from pydantic import BaseModel, ConfigDict

from service.contract.api_keys import ApiKey, ApiKeyRequest, IssuedApiKey, RotateRequest
from service.contract.resources import ListAnswer
from service.handlers.requests import PageRequest
from service.rpc.arguments import PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import keys_pb2


class _CreateArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spec: ApiKeyRequest


class _RotateArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = ""
    spec: RotateRequest = RotateRequest()


def create_arguments(request: keys_pb2.CreateApiKeyRequest) -> ApiKeyRequest:
    """What key to make.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(_CreateArguments, request).spec


def rotate_arguments(request: keys_pb2.RotateApiKeyRequest) -> tuple[str, RotateRequest]:
    """Which key to rotate, and how.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_RotateArguments, request)
    return asked.id, asked.spec


def page_of(request: keys_pb2.ListApiKeysRequest) -> PageRequest:
    """Which page of keys to list.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(PageArguments, request).page


def key_message(key: ApiKey) -> keys_pb2.ApiKey:
    """A key as it is sent."""
    return write_message(keys_pb2.ApiKey(), key.model_dump())


def issued_message(made: IssuedApiKey) -> keys_pb2.IssuedApiKey:
    """A key with its secret, as it is sent."""
    return write_message(keys_pb2.IssuedApiKey(), made.model_dump())


def keys_message(answer: ListAnswer[ApiKey]) -> keys_pb2.ListApiKeysResponse:
    """A page of keys as it is sent."""
    return keys_pb2.ListApiKeysResponse(
        api_keys=[key_message(key) for key in answer.items],
        next_page_token=answer.next_page_token or "",
    )
