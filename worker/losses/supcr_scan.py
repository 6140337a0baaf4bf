"""The Triton kernels of SupCR. Importing this imports triton.

A program works on one anchor and one label column, whose rows lie in the order of their labels;
`p` is the anchor's place there, -1 without a label. Rows to the left of p are in falling, rows to
its right in rising order of distance, so all rows at least as far as a given one are a head of
the left side and a tail of the right one, and two binary searches find them. Distances are
float64. Everything is a log-sum-exp: any temperature is safe.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0917, SIM108  # triton reads annotations as types of its own

import triton
import triton.language as tl


@triton.jit
def _log_add(a, b):
    largest = tl.maximum(a, b)
    largest = tl.where(largest == float("-inf"), 0.0, largest)
    return largest + tl.log(tl.exp(a - largest) + tl.exp(b - largest))


@triton.jit
def _search(
    label, here, distance, low, high,
    RIGHT: tl.constexpr, STRICT: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """First place in [low, high) that is beyond the distance, to the right or left of `here`.

    To the right, where distances rise: at least the distance, `STRICT` above it. To the left,
    where they fall: below it, `STRICT` at most it.
    """
    for _ in range(STEPS):
        searching = low < high
        middle = (low + high) // 2
        there = tl.abs(tl.load(label + middle, mask=searching, other=0.0) - here)
        if RIGHT:
            found = there > distance if STRICT else there >= distance
        else:
            found = there <= distance if STRICT else there < distance
        high = tl.where(searching & found, middle, high)
        low = tl.where(searching & (found == 0), middle + 1, low)
    return low


@triton.jit
def _side(
    values, order, out, p, first, n, carry,
    BEFORE: tl.constexpr, BACKWARDS: tl.constexpr, GATHERED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One chunk of a running log-sum-exp over the side before or after the anchor."""
    at = first + tl.arange(0, BLOCK)
    p = p + tl.zeros((BLOCK,), tl.int32)  # a vector: the interpreter joins no mask with a scalar
    wanted = (at < n) & (p >= 0)
    if BEFORE:
        wanted = wanted & (at < p)
    else:
        wanted = wanted & (at > p)
    k = at
    if GATHERED:
        k = tl.load(order + at, mask=wanted, other=0)
    value = tl.load(values + k, mask=wanted, other=float("-inf"))
    run = _log_add(tl.associative_scan(value, 0, _log_add, reverse=BACKWARDS), carry)
    tl.store(out + at, run, mask=wanted)
    end = 0 if BACKWARDS else BLOCK - 1
    return tl.sum(tl.where(tl.arange(0, BLOCK) == end, run, 0.0), axis=0)


@triton.jit
def scan_sides(
    values, order, place, count, out, start, rows, N,
    OUTWARDS: tl.constexpr, GATHERED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Running log-sum-exps of the two sides of an anchor, [Y, b, N].

    From the far ends to the anchor, or `OUTWARDS`. `values` is [b, N] in the order of the rows
    (`GATHERED`), or [Y, b, N] in the order of the labels, as `out` is. Missing values are -inf.
    """
    row = tl.program_id(0).to(tl.int64)
    y = tl.program_id(1).to(tl.int64)
    p = tl.load(place + y * N + start + row)
    n = tl.load(count + y)
    order += y * N
    out += (y * rows + row) * N
    values += (row if GATHERED else y * rows + row) * N
    forth = tl.sum(tl.full((BLOCK,), 0.0, out.dtype.element_ty), axis=0) + float("-inf")
    back = forth
    chunks = tl.cdiv(N, BLOCK)
    for chunk in range(chunks):
        forth = _side(
            values, order, out, p, chunk * BLOCK, n, forth,
            not OUTWARDS, False, GATHERED, BLOCK,
        )  # fmt: skip
        back = _side(
            values, order, out, p, (chunks - 1 - chunk) * BLOCK, n, back,
            OUTWARDS, True, GATHERED, BLOCK,
        )  # fmt: skip


@triton.jit
def log_denominators(
    logits, order, label, place, count, scale, sides, out, loss, start, rows, N,
    UPSTREAM: tl.constexpr, BLOCK: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Negated log denominators [Y, b, N], -inf where there is no pair, and partial losses."""
    row = tl.program_id(0).to(tl.int64)
    y = tl.program_id(1).to(tl.int64)
    chunk = tl.program_id(2)
    p = tl.load(place + y * N + start + row)
    n = tl.load(count + y)
    at = chunk * BLOCK + tl.arange(0, BLOCK)
    nowhere = tl.zeros((BLOCK,), tl.int32)
    here = tl.load(label + y * N + tl.maximum(p, 0))
    p = p + nowhere
    pair = (at < n) & (p >= 0) & (at != p)
    label += y * N
    sides += (y * rows + row) * N
    distance = tl.abs(tl.load(label + at, mask=pair, other=0.0) - here)
    left = _search(label, here, distance, nowhere, p, False, False, STEPS)
    right = _search(label, here, distance, p + 1, nowhere + n, True, False, STEPS)
    head = tl.load(sides + left - 1, mask=pair & (left > 0), other=float("-inf"))
    tail = tl.load(sides + right, mask=pair & (right < n), other=float("-inf"))
    denominator = _log_add(head, tail)
    if UPSTREAM:
        own = tl.load(logits + row * N + start + row)
        denominator = tl.where(distance == 0, _log_add(denominator, own), denominator)
    k = tl.load(order + y * N + at, mask=pair, other=0)
    logit = tl.load(logits + row * N + k, mask=pair, other=0.0)
    tl.store(out + (y * rows + row) * N + at, tl.where(pair, -denominator, float("-inf")), at < N)
    terms = tl.where(pair, (denominator - logit).to(tl.float64), 0.0)
    part = tl.sum(terms, axis=0) * tl.load(scale + y)
    tl.store(loss + (y * rows + row) * tl.num_programs(2) + chunk, part)


@triton.jit
def slopes(
    logits, order, label, place, count, scale, sides, grad, start, rows, N, y,
    BLOCK: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Add a column's derivatives to `grad` [b, N]; columns come one after the other."""
    row = tl.program_id(0).to(tl.int64)
    chunk = tl.program_id(1)
    p = tl.load(place + y * N + start + row)
    n = tl.load(count + y)
    at = chunk * BLOCK + tl.arange(0, BLOCK)
    nowhere = tl.zeros((BLOCK,), tl.int32)
    here = tl.load(label + y * N + tl.maximum(p, 0))
    p = p + nowhere
    pair = (at < n) & (p >= 0) & (at != p)
    label += y * N
    sides += (y * rows + row) * N
    distance = tl.abs(tl.load(label + at, mask=pair, other=0.0) - here)
    left = _search(label, here, distance, nowhere, p, False, True, STEPS)
    right = _search(label, here, distance, p + 1, nowhere + n, True, True, STEPS) - 1
    head = tl.load(sides + left, mask=pair & (left < p), other=float("-inf"))
    tail = tl.load(sides + right, mask=pair & (right > p), other=float("-inf"))
    k = tl.load(order + y * N + at, mask=pair, other=0)
    logit = tl.load(logits + row * N + k, mask=pair, other=0.0)
    slope = (tl.exp(logit + _log_add(head, tail)) - 1.0) * tl.load(scale + y)
    before = tl.load(grad + row * N + k, mask=pair, other=0.0)
    tl.store(grad + row * N + k, before + slope.to(before.dtype), mask=pair)
