"""Who calls: every method has to say. Until there are keys, it is this machine."""

from typing import Any

import grpc

from service.handlers.context import Caller

LOCAL = Caller(project_id="default", name="local")


def caller_of(call: grpc.aio.ServicerContext[Any, Any]) -> Caller:  # noqa: ARG001
    """The caller of `call`, who will be known by the key in its metadata."""
    return LOCAL
