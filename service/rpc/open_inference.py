"""GRPCInferenceService, the Open Inference Protocol: a conversion, a handler and a conversion."""

from collections.abc import Iterator, Sequence
from typing import Any

import grpc

from service.contract.errors import CellgebraError, InvalidArgumentError
from service.contract.open_inference import InferenceModel, TensorMetadata
from service.handlers import open_inference
from service.handlers.context import Context
from service.handlers.health import check_health
from service.handlers.open_inference import Inference, InputTensor
from service.handlers.tensor_bytes import float_bytes, split_bytes
from service.rpc.callers import caller_of
from service.rpc.pb.inference import open_inference_pb2 as pb
from service.rpc.pb.inference import open_inference_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]

_MOST_SECONDS = 60.0


class OpenInferenceServicer(open_inference_pb2_grpc.GRPCInferenceServiceServicer):
    """Serves models to clients of KServe and Triton."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def ServerLive(self, request: pb.ServerLiveRequest, call: Call) -> pb.ServerLiveResponse:  # noqa: N802, ARG002
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(  # noqa: N802
        self,
        request: pb.ServerReadyRequest,  # noqa: ARG002
        call: Call,  # noqa: ARG002
    ) -> pb.ServerReadyResponse:
        health = await self._context.threads.run_shared(check_health, self._context)
        return pb.ServerReadyResponse(ready=health.ready)

    async def ModelReady(self, request: pb.ModelReadyRequest, call: Call) -> pb.ModelReadyResponse:  # noqa: N802
        ready = await open_inference.is_ready(
            self._context, caller_of(call), request.name, request.version
        )
        return pb.ModelReadyResponse(ready=ready)

    async def ServerMetadata(  # noqa: N802
        self,
        request: pb.ServerMetadataRequest,  # noqa: ARG002
        call: Call,  # noqa: ARG002
    ) -> pb.ServerMetadataResponse:
        return pb.ServerMetadataResponse(**open_inference.server_metadata().model_dump())

    async def ModelMetadata(  # noqa: N802
        self, request: pb.ModelMetadataRequest, call: Call
    ) -> pb.ModelMetadataResponse:
        model = await open_inference.get_inference_model(
            self._context, caller_of(call), request.name, request.version
        )
        return _metadata(model)

    async def ModelInfer(self, request: pb.ModelInferRequest, call: Call) -> pb.ModelInferResponse:  # noqa: N802
        try:
            found = await open_inference.infer(
                self._context,
                caller_of(call),
                request.model_name,
                request.model_version,
                inputs=list(_inputs(request)),
                outputs=[output.name for output in request.outputs] or None,
                timeout_seconds=_timeout(request, call.time_remaining()),
            )
        except CellgebraError as error:
            # These clients show the message alone.
            raise type(error)(open_inference.problem_text(error), error.offenders) from None
        return _answer(request, found)


def _metadata(model: InferenceModel) -> pb.ModelMetadataResponse:
    def tensors(
        found: Sequence[TensorMetadata],
    ) -> list[pb.ModelMetadataResponse.TensorMetadata]:
        return [pb.ModelMetadataResponse.TensorMetadata(**one.model_dump()) for one in found]

    return pb.ModelMetadataResponse(
        name=model.name,
        versions=model.versions,
        platform=model.platform,
        inputs=tensors(model.inputs),
        outputs=tensors(model.outputs),
    )


def _inputs(request: pb.ModelInferRequest) -> Iterator[InputTensor]:
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidArgumentError(
            f"raw_input_contents has {len(raw)} entries for {len(request.inputs)} inputs"
        )
    for place, tensor in enumerate(request.inputs):
        elements = split_bytes(raw[place]) if raw else list(tensor.contents.bytes_contents)
        yield InputTensor(tensor.name, tensor.datatype, tensor.shape, elements)


def _timeout(request: pb.ModelInferRequest, remaining: float | None) -> float | None:
    """Seconds to wait: the parameter's, but no longer than the client does."""
    given = request.parameters.get("timeout")
    wanted = None if given is None else (given.int64_param or given.uint64_param) / 1e6
    if wanted is not None and not 0 < wanted <= _MOST_SECONDS:
        raise InvalidArgumentError("timeout: microseconds of at most one minute")
    if remaining is None:
        return wanted
    return max(min(remaining, _MOST_SECONDS if wanted is None else wanted), 1e-3)


def _answer(request: pb.ModelInferRequest, found: Inference) -> pb.ModelInferResponse:
    text = {"model_id": found.model_id, "vocabulary_sha256": found.vocabulary_sha256}
    return pb.ModelInferResponse(
        model_name=request.model_name,
        model_version=found.model_version,
        id=request.id,
        parameters={name: pb.InferParameter(string_param=value) for name, value in text.items()},
        outputs=[
            pb.ModelInferResponse.InferOutputTensor(
                name=tensor.name,
                datatype="FP32",
                shape=[len(tensor.values)],
                parameters={"unit": pb.InferParameter(string_param=tensor.unit)},
            )
            for tensor in found.outputs
        ],
        raw_output_contents=[float_bytes(tensor.values) for tensor in found.outputs],
    )
