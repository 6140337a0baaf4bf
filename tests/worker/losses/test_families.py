"""Laws and bad input of every loss of predictions: one test a law, all losses."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.worker.losses.families import FAMILIES, NAN, WEIGHTED, batch

each = pytest.mark.parametrize("loss", FAMILIES.values(), ids=FAMILIES)
each_weighted = pytest.mark.parametrize("loss", WEIGHTED.values(), ids=WEIGHTED)
WAITING = {
    torch.ops.aten._local_scalar_dense,
    torch.ops.aten.equal,
    torch.ops.aten.masked_select,
    torch.ops.aten.nonzero,
    torch.ops.aten._unique2,
}
SMOOTH = {n: f for n, f in FAMILIES.items() if not n.endswith(" l1")}


@pytest.mark.parametrize("loss", SMOOTH.values(), ids=SMOOTH)
def test_gradients_are_those_of_differences(loss):
    prediction, labels = batch()
    assert torch.autograd.gradcheck(lambda p: loss(p, labels), (prediction,))


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_dtype_is_kept_and_the_value_that_of_float64(loss, dtype):
    prediction, labels = batch(dtype=dtype)
    value = loss(prediction, labels)
    value.backward()
    assert value.dtype == dtype
    assert prediction.grad.dtype == dtype
    exact = loss(prediction.detach().double(), labels).item()
    # Half of the last place of a float16 or bfloat16 result; all before is float32.
    error = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 2e-5)
    assert value.item() == pytest.approx(exact, rel=2e-5 + error, abs=1e-6)


@each
def test_half_precision_does_not_overflow_inside(loss):
    prediction = torch.full((4, 1), 300.0, dtype=torch.float16, requires_grad=True)
    loss(prediction, torch.full((4, 1), 299.0)).backward()  # 300^2 is beyond float16
    assert torch.isfinite(prediction.grad).all()


class Unread(TorchDispatchMode):
    """Refuses whatever makes the host wait for a GPU: a value read, a shape made of values."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func.overloadpacket not in WAITING, f"{func} makes the host wait"
        return func(*args, **(kwargs or {}))


@each
def test_no_value_is_looked_at(loss):
    prediction, labels = batch()
    with Unread():
        loss(prediction, labels).backward()
    with pytest.raises(AssertionError, match="makes the host wait"), Unread():
        prediction.sum().item()


@pytest.mark.gpu
@each
def test_a_gpu_agrees_and_is_not_waited_for(loss):
    prediction, labels = batch(dtype=torch.float32)
    on_gpu, labels_gpu = prediction.detach().cuda().requires_grad_(), labels.cuda()
    exact = loss(prediction, labels)
    exact.backward()
    value = loss(on_gpu, labels_gpu)
    assert value.is_cuda
    value.backward()
    assert value.item() == pytest.approx(exact.item(), rel=2e-5)
    torch.testing.assert_close(on_gpu.grad.cpu(), prediction.grad, rtol=1e-4, atol=1e-5)


@each
def test_what_stands_in_rows_without_a_label_changes_nothing(loss):
    prediction, labels = batch()
    other = prediction.detach().clone()
    other[torch.isnan(labels)] = math.inf
    other.requires_grad_()
    value = loss(other, labels)
    value.backward()
    assert value.item() == loss(prediction, labels).item()
    assert (other.grad[torch.isnan(labels)] == 0).all()


@each
def test_a_column_without_labels_carries_no_weight(loss):
    prediction, labels = batch()
    labels[:, 1] = NAN
    both, alone = loss(prediction, labels), loss(prediction[:, :1], labels[:, :1])
    assert both.item() == pytest.approx(alone.item(), rel=1e-12)


@each
def test_the_order_of_the_rows_does_not_matter(loss):
    prediction, labels = batch()
    order = torch.tensor([3, 0, 7, 5, 1, 2, 6, 4])
    shuffled = loss(prediction[order], labels[order])
    assert shuffled.item() == pytest.approx(loss(prediction, labels).item(), rel=1e-12)


@each_weighted
def test_a_row_of_weight_two_is_two_rows(loss):
    prediction, labels = batch()
    weight = torch.ones(8)
    weight[2] = 2
    doubled = torch.tensor([0, 1, 2, 2, 3, 4, 5, 6, 7])
    twice = loss(prediction[doubled], labels[doubled])
    weighted = loss(prediction, labels, row_weights=weight)
    assert weighted.item() == pytest.approx(twice.item(), rel=1e-12)


@each
@pytest.mark.parametrize("rows", [0, 3])
def test_without_labels_it_is_zero_with_a_graph(loss, rows):
    prediction, _ = batch(rows=rows)
    value = loss(prediction, torch.full((rows, 2), NAN))
    value.backward()
    assert value.item() == 0
    assert (prediction.grad == 0).all()


@each
def test_without_columns_it_is_zero_with_a_graph(loss):
    prediction = torch.zeros(3, 0, requires_grad=True)
    value = loss(prediction, torch.zeros(3, 0))
    value.backward()
    assert value.item() == 0


@each
def test_one_label_gives_a_value_and_moves_its_row_alone(loss):
    prediction, _ = batch(rows=3)
    labels = torch.full((3, 2), NAN)
    labels[1, 0] = 0.3
    value = loss(prediction, labels)
    value.backward()
    assert math.isfinite(value.item())
    assert set(prediction.grad.nonzero().tolist()[0]) == {1, 0}
    assert len(prediction.grad.nonzero()) == 1


@each
def test_equal_labels_give_a_finite_gradient(loss):
    prediction = torch.full((5, 1), 1.5, dtype=torch.float64, requires_grad=True)
    value = loss(prediction, torch.full((5, 1), 1.5))
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(prediction.grad).all()


@each_weighted
def test_an_infinite_label_is_not_hidden(loss):
    prediction, labels = batch()
    labels[0, 0] = math.inf
    assert not math.isfinite(loss(prediction, labels).item())


@each
def test_an_infinite_prediction_is_not_hidden(loss):
    prediction, labels = batch()
    changed = prediction.detach().clone()
    changed[0, 0] = math.inf
    assert not math.isfinite(loss(changed, labels).item())


@each
def test_integer_labels_are_numbers(loss):
    prediction, _ = batch(rows=4)
    labels = torch.tensor([[0, 1], [2, 3], [1, 1], [4, 0]])
    assert loss(prediction, labels).item() == loss(prediction, labels.double()).item()


@each
@pytest.mark.parametrize("labels", [(4, 1), (3, 2), (4,), (4, 2, 1)])
def test_shapes_that_do_not_match_are_refused_not_broadcast(loss, labels):
    with pytest.raises(ValueError, match=r"\[B, Y\]"):
        loss(torch.zeros(4, 2), torch.zeros(labels))


@each
def test_integer_predictions_are_refused(loss):
    with pytest.raises(ValueError, match="floating point"):
        loss(torch.zeros(4, 1, dtype=torch.int64), torch.zeros(4, 1))


@each_weighted
def test_row_weights_of_another_shape_are_refused(loss):
    prediction, labels = batch()
    with pytest.raises(ValueError, match="row weights have to be"):
        loss(prediction, labels, row_weights=torch.ones(3))
