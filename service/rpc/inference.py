"""InferenceService: a conversion, a handler and a conversion."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc

from service.handlers import composing, scoring
from service.handlers.context import Caller, Context
from service.handlers.tracing import trace_id
from service.rpc import converters, score_converters
from service.rpc.callers import caller_of
from service.rpc.errors import is_foreseen, status_of
from service.rpc.guard import require_text
from service.rpc.pb.cellgebra.v1 import inference_pb2, inference_pb2_grpc
from service.rpc.pipelining import Pipeline

logger = logging.getLogger(__name__)

Call = grpc.aio.ServicerContext[Any, Any]


class InferenceServicer(inference_pb2_grpc.InferenceServiceServicer):
    """Serves scores and latent algebra."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pipeline = Pipeline(context.going)

    async def Score(  # noqa: N802
        self, request: inference_pb2.ScoreRequest, call: Call
    ) -> inference_pb2.ScoreResponse:
        return inference_pb2.ScoreResponse(**await self._score(request, call, caller_of(call)))

    def ScoreStream(  # noqa: N802
        self, request_iterator: AsyncIterator[inference_pb2.ScoreStreamRequest], call: Call
    ) -> AsyncIterator[inference_pb2.ScoreStreamResponse]:
        caller = caller_of(call)

        async def answer(
            asked: inference_pb2.ScoreStreamRequest,
        ) -> inference_pb2.ScoreStreamResponse:
            try:
                require_text(asked.request)
                answer = await self._score(asked.request, call, caller)
            except Exception as error:  # noqa: BLE001 - of this message alone
                return _failed(asked, error)
            return inference_pb2.ScoreStreamResponse(number=asked.number, answer=answer)

        return self._pipeline.answers(request_iterator, answer, _design_count)

    async def Compose(  # noqa: N802
        self, request: inference_pb2.ComposeRequest, call: Call
    ) -> inference_pb2.ComposeResponse:
        model_id, asked = converters.compose_arguments(request, call.time_remaining())
        answer = await composing.compose_json(self._context, caller_of(call), model_id, asked)
        return converters.compose_message(answer)

    async def _score(
        self, request: inference_pb2.ScoreRequest, call: Call, caller: Caller
    ) -> dict[str, Any]:
        model_id, asked = score_converters.score_arguments(request, call.time_remaining())
        answer = await scoring.score_bytes(self._context, caller, model_id, asked)
        return score_converters.score_fields(answer)


def _design_count(asked: inference_pb2.ScoreStreamRequest) -> int:
    return len(asked.request.genotypes)


def _failed(
    asked: inference_pb2.ScoreStreamRequest, error: Exception
) -> inference_pb2.ScoreStreamResponse:
    if not is_foreseen(error):
        told = {"trace_id": trace_id.get()}
        logger.error("a message of ScoreStream failed", exc_info=error, extra=told)
    status = status_of(error, asked.request).SerializeToString()
    return inference_pb2.ScoreStreamResponse(
        number=asked.number, error=inference_pb2.ErrorStatus.FromString(status)
    )
