"""The Triton kernel against every design, and a compiled one; lists that overflow.

`test_kernel_triton` runs these in a process of their own, for Triton decides when it is imported
whether it interprets its kernels on the CPU, or compiles them for a GPU.
"""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
import triton
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.designs import Edit, EditKind
from tests.worker.search.networks import all_designs, random_case
from tests.worker.search.test_kernel import (
    HEADS,
    RAISE,
    SHAPES,
    exact_front,
    objectives,
    plain_tables,
    require_brute_force,
)
from worker.search import kernel, kernel_triton, kernel_triton_tables
from worker.search.exclusions import together
from worker.search.kernel import Screener, kernel_names
from worker.search.kernel_objective import RankTerm, ScreenObjective
from worker.search.kernel_triton import TritonKernel

KINDS = st.sampled_from(EditKind)
FRONT = ScreenObjective((RankTerm(0), RankTerm(1)), has_front=True)


@pytest.fixture(autouse=True, scope="module")
def _several_tiles():
    """Tiles of 4 by 8 designs, so that few edits lie in several; those of a GPU are its own."""
    with pytest.MonkeyPatch.context() as patch:
        if triton.knobs.runtime.interpret:
            patch.setattr(kernel_triton_tables, "_LAST_EDITS", 8)
            patch.setattr(kernel_triton_tables, "_DESIGNS", 32)
        yield


@pytest.fixture
def launches(monkeypatch):
    """Ranges of first edits that the kernel was started with."""
    started = []
    launch = TritonKernel._launch

    def counted(self, lists, found, begin, end):
        started.append((begin, end))
        return launch(self, lists, found, begin, end)

    monkeypatch.setattr(TritonKernel, "_launch", counted)
    return started


def grouped(edit_count, kinds):
    """Which of some edits may stand together, two or three of which change each locus."""
    edits = [Edit(locus=f"g{n * 2 // 5}", kind=kind) for n, kind in enumerate(kinds)]
    return together(edits[:edit_count])


@settings(max_examples=6)
@given(
    head=HEADS,
    shape=SHAPES,
    order=st.integers(1, 3),
    kinds=st.lists(KINDS, min_size=7, max_size=7),
    data=st.data(),
)
def test_it_reads_what_the_networks_read(head, shape, order, kinds, data):
    case = random_case(data.draw(st.integers(0, 999)), **head, **shape)
    objective = data.draw(objectives(len(shape["measure_orders"])))
    allowed_EE = grouped(shape["edit_count"], kinds)
    require_brute_force(["triton"], case, order, objective, allowed_EE)


def test_it_finds_what_the_compiled_kernel_finds():
    case = random_case(4, members=2, edit_count=9)
    objective = ScreenObjective((RankTerm(0, caution=1.0),))
    parts = [
        Screener(case.tables(3), objective, keep=20, kernel=name).run()
        for name in ("triton", kernel_names()[0 if kernel_names()[0] != "triton" else 1])
    ]
    here, there = parts
    assert here.kernel == "triton"
    assert here.evaluated_count == there.evaluated_count == comb(9, 3)
    assert here.error_bound == there.error_bound
    assert len(here.value) == 20
    np.testing.assert_allclose(here.value, there.value, atol=2 * here.error_bound, rtol=0)
    clear = here.value[:-1] - here.value[1:] > 2 * here.error_bound
    assert clear.mean() > 0.5
    same = (here.edits == there.edits).all(axis=1)
    assert same[:-1][clear & np.append(True, clear[:-1])].all()


@pytest.mark.parametrize("designs", [20, 1 << 28])
def test_a_list_that_overflows_loses_no_design(monkeypatch, launches, designs):
    """All designs are equal: nearly all pass the floor of those found before them."""
    monkeypatch.setattr(kernel_triton, "_ROOM", 1)
    monkeypatch.setattr(TritonKernel, "designs", designs)
    part = Screener(plain_tables(2, np.zeros(20)), RAISE, keep=5, kernel="triton").run()
    assert part.edits.tolist() == all_designs(20, 2)[:5].tolist()
    assert part.evaluated_count == comb(20, 2)
    assert part.infeasible_count == 0
    assert len(launches) > len(set(launches))


def test_a_front_that_overflows_loses_no_design(monkeypatch, launches):
    monkeypatch.setattr(kernel, "MAX_RIVALS", 24)
    single_YE = np.random.default_rng(0).normal(size=(2, 20)).round(3)
    tables = replace(plain_tables(2, np.zeros(20), labels=2), single_MYE=single_YE[None])
    part = Screener(tables, FRONT, keep=1, kernel="triton").run()
    designs = all_designs(20, 2)
    term_TB = single_YE[:, designs].sum(axis=2)
    wanted = {tuple(designs[row]) for row in exact_front(term_TB, range(len(designs)))}
    assert wanted <= {tuple(edits) for edits in part.rival_edits.tolist()}
    assert {tuple(edits) for edits in part.front_edits.tolist()} <= wanted
    assert not part.lost_rivals
    assert part.evaluated_count == comb(20, 2)
    assert len(launches) > len(set(launches))


def test_rivals_that_find_no_room_leave_the_front(monkeypatch, launches):
    """All designs are equal, and more than can be compared."""
    monkeypatch.setattr(kernel, "MAX_RIVALS", 24)
    part = Screener(plain_tables(2, np.zeros(20), labels=2), FRONT, keep=1, kernel="triton").run()
    assert part.lost_rivals
    assert part.front_edits.tolist() == [[0, 1]]
    assert len(launches) > len(set(launches))


def test_nothing_is_kept_where_nothing_is_asked_for():
    part = Screener(plain_tables(2, np.ones(9)), RAISE, keep=0, kernel="triton").run()
    assert len(part.value) == 0
    assert part.evaluated_count == comb(9, 2)
