"""InferenceService: a conversion, a handler and a conversion."""

from typing import Any

import grpc

from service.handlers import composing, scoring
from service.handlers.context import Context
from service.rpc import converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class InferenceServicer(inference_pb2_grpc.InferenceServiceServicer):
    """Serves scores and latent algebra."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def Score(  # noqa: N802
        self, request: inference_pb2.ScoreRequest, call: Call
    ) -> inference_pb2.ScoreResponse:
        model_id, asked = converters.score_arguments(request, call.time_remaining())
        answer = await scoring.score_json(self._context, caller_of(call), model_id, asked)
        return converters.score_message(answer)

    async def Compose(  # noqa: N802
        self, request: inference_pb2.ComposeRequest, call: Call
    ) -> inference_pb2.ComposeResponse:
        model_id, asked = converters.compose_arguments(request, call.time_remaining())
        answer = await composing.compose_json(self._context, caller_of(call), model_id, asked)
        return converters.compose_message(answer)
