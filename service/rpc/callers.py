"""Who calls. An interceptor tells it from the metadata, before a message is read."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc
from google.protobuf.message import Message

from service.contract.errors import CellgebraError
from service.handlers.access import authenticate, refusal
from service.handlers.context import Caller, Context
from service.handlers.permissions import OPERATIONS, is_change, require_scope
from service.rpc.addresses import HEADER, Proxies

# Every program that speaks gRPC may ask how we are, and what there is: as REST's documentation.
_PUBLIC_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")
# The Open Inference Protocol has names of its own for what REST's routes are called.
_OPEN_INFERENCE = {
    "/inference.GRPCInferenceService/ServerLive": "isServerLive",
    "/inference.GRPCInferenceService/ServerReady": "isServerReady",
    "/inference.GRPCInferenceService/ModelReady": "isModelReady",
    "/inference.GRPCInferenceService/ServerMetadata": "getServerMetadata",
    "/inference.GRPCInferenceService/ModelMetadata": "getModelMetadata",
    "/inference.GRPCInferenceService/ModelInfer": "infer",
}

Call = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Call], Awaitable[Any]]

_caller: ContextVar[Caller] = ContextVar("caller")


def caller_of(call: Call) -> Caller:  # noqa: ARG001
    """The caller of `call`, by the task that it runs in."""
    return _caller.get()


def operation_of(method: str) -> str | None:
    """The operation of a method, as in `OPERATIONS`; None where anybody may ask."""
    if method.startswith(_PUBLIC_SERVICES):
        return None
    operation = _OPEN_INFERENCE.get(method) or _as_in_rest(method.rpartition("/")[2])
    return None if OPERATIONS.get(operation, "") is None else operation


def _as_in_rest(name: str) -> str:
    watched = name.removeprefix("Watch")
    return f"stream{watched}Events" if watched != name else name[:1].lower() + name[1:]


class AccessInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Lets a call through to its method, which `caller_of` then tells who calls."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._proxies = Proxies.of_environment()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler takes arguments in its stubs alone
        """Authenticate the call, and count it.

        Raises:
            PermissionDeniedError: the key does not allow what the method does.
            ResourceExhaustedError: the key has had as many calls in this second as it may.
        """
        operation = operation_of(handler_call_details.method)
        handler = await continuation(handler_call_details)
        if operation is None or handler is None:
            return handler
        metadata = handler_call_details.invocation_metadata or ()
        given = [_text(value) for name, value in metadata if name == "authorization"]
        try:
            caller = await authenticate(self._context, given)
        except CellgebraError as error:
            return grpc.stream_stream_rpc_method_handler(self._refusing(error, given))
        _caller.set(caller)
        if is_change(operation) and not handler.response_streaming:
            return self._noting(handler, caller, operation)
        require_scope(caller, operation)
        await self._context.limits.take_request(caller.key_id)
        return handler

    def _refusing(self, error: CellgebraError, given: list[str]) -> Method:
        """A method that is told where the call came from, and refuses it."""

        async def refuse(_: object, call: Call) -> None:
            address = self._address_of(call)
            raise refusal(self._context, error, given, door="grpc", address=address)

        return refuse

    def _noting(self, handler: Any, caller: Caller, operation: str) -> Any:  # noqa: ANN401
        """A method that changes something, with word of who asked for it, and of what came."""
        is_stream = handler.request_streaming
        method = handler.stream_unary if is_stream else handler.unary_unary
        make = grpc.stream_unary_rpc_method_handler
        if not is_stream:
            make = grpc.unary_unary_rpc_method_handler

        async def call_and_note(request: Any, call: Call) -> Any:  # noqa: ANN401
            await self._context.limits.take_request(caller.key_id)  # too many fill no log
            result, resource = "INTERNAL", "" if is_stream else id_in(request)
            try:
                require_scope(caller, operation)
                answer = await method(request, call)
                result, resource = "OK", resource or id_in(answer)
            except CellgebraError as error:
                result = error.code
                raise
            finally:
                self._context.audit.note(
                    project_id=caller.project_id,
                    actor=caller.name,
                    door="grpc",
                    operation=operation,
                    resource_id=resource,
                    address=self._address_of(call),
                    result=result,
                )
            return answer

        return make(
            call_and_note,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _address_of(self, call: Call) -> str:
        metadata = call.invocation_metadata() or ()
        forwarded = [_text(value) for name, value in metadata if name == HEADER]
        return self._proxies.who_asks(call.peer() or "", forwarded)


def id_in(message: Message) -> str:
    """The id of what a message is about; empty where it names none."""
    named = {field.name: str(value) for field, value in message.ListFields()}
    for name in ("id", "reference"):
        if named.get(name):
            return named[name]
    for name, value in named.items():
        if name.endswith("_id") and name != "request_id":
            return value
    key = getattr(message, "key", None)
    return id_in(key) if isinstance(key, Message) else ""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
