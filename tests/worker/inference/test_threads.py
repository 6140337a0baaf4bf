"""Laws of threads: parts that are read at once are what they are one after the other."""

import pytest

from service.contract.errors import DeadlineExceededError
from worker.inference import parts
from worker.inference.predictor import Predictor
from worker.inference.threads import mapped, use_threads

pytestmark = pytest.mark.usefixtures("threads")


@pytest.fixture(params=[1, 3])
def threads(request):
    use_threads(request.param)
    yield
    use_threads(1)


def test_parts_come_back_in_order():
    assert mapped(lambda number: number * number, list(range(50))) == [n * n for n in range(50)]


def test_the_first_error_is_raised():
    def inverse(number):
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        mapped(inverse, [1, 0, 2])


def test_scores_do_not_depend_on_threads(trained, monkeypatch):
    monkeypatch.setattr(parts.parts_of, "__defaults__", (16,))
    model, designs = trained
    predictor = Predictor.load(model.weights, model.manifest)
    _, encoded = predictor.vocabulary.read(designs)
    assert len(predictor.vocabulary.parts(encoded).batches) > 10
    found = predictor.score(designs)
    use_threads(1)
    assert found == predictor.score(designs)


def test_a_deadline_holds_in_threads(trained, monkeypatch):
    monkeypatch.setattr(parts.parts_of, "__defaults__", (16,))
    model, designs = trained
    predictor = Predictor.load(model.weights, model.manifest)
    with pytest.raises(DeadlineExceededError):
        predictor.score(designs, deadline_unix_seconds=0.0)
