"""The converters of scores are those of every message, but for their speed."""

from hypothesis import given, settings

from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import inference_pb2
from service.rpc.score_converters import score_arguments, score_fields
from tests.service.rpc import score_specs


@settings(max_examples=50)
@given(score_specs.score_answers)
def test_an_answer_is_the_message_of_its_fields(answer):
    expected = write_message(inference_pb2.ScoreResponse(), answer.model_dump())
    fields = score_fields(answer.model_dump_json().encode())
    assert inference_pb2.ScoreResponse(**fields) == expected
    streamed = inference_pb2.ScoreStreamResponse(number=1, answer=fields)
    assert streamed == inference_pb2.ScoreStreamResponse(number=1, answer=expected)


@settings(max_examples=50)
@given(score_specs.score_requests)
def test_a_request_is_read_as_it_was_made(request):
    message = write_message(inference_pb2.ScoreRequest(model_id="m"), request.model_dump())
    assert score_arguments(message, None) == ("m", request)
