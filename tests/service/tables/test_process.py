"""The process that unpacks tables: it may be lost or held up, and the next table gets another."""

import asyncio
import os
import signal

import psutil
import pyarrow as pa
import pytest

from service.contract.errors import (
    BadTableError,
    BrokenTableError,
    DeadlineExceededError,
    ResourceExhaustedError,
)
from service.contract.score_tables import MAX_READING_BYTES, TableForm
from service.tables.process import MAX_WAITING, Tables
from tests.service.tables.bodies import FORMS, body_of, designs

PARQUET = TableForm.PARQUET
SMALL = body_of(designs(["", "a:deletion"]), PARQUET)


@pytest.fixture
async def tables():
    made = Tables()
    yield made
    await made.close()


async def read(tables, body, form=PARQUET, column=None, timeout_seconds=30):
    return await tables.read(body, form, column, timeout_seconds=timeout_seconds)


def programs():
    """The processes of this one that unpack tables."""
    return [
        child
        for child in psutil.Process().children()
        if "service.tables.program" in " ".join(child.cmdline())
    ]


async def test_tables_are_read_by_one_process_in_turn(tables):
    assert programs() == []
    bodies = [body_of(designs([f"a{i}"]), form) for i, form in enumerate(FORMS)]
    found = await asyncio.gather(*map(read, [tables] * 3, bodies, FORMS))
    assert found == [("genotype", [f"a{i}"]) for i in range(3)]
    (program,) = programs()
    with pytest.raises(BadTableError) as told:
        await read(tables, SMALL, column="x")
    assert told.value.offenders[0].value == "x"
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])
    assert programs() == [program]
    await tables.close()
    assert programs() == []


async def test_a_body_that_unpacks_to_too_much_is_refused(tables):
    text = "a" * 2**20
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int16()), pa.array([text]))
    for form in FORMS:
        body = body_of(designs(column), form, compression="zstd")
        assert len(body) < 2**20 < MAX_READING_BYTES < len(column) * len(text)
        with pytest.raises((BrokenTableError, BadTableError), match=r"more than|memory|size"):
            await read(tables, body, form)
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])


@pytest.mark.slow
async def test_a_process_that_is_lost_is_replaced(tables):
    await read(tables, SMALL)
    (first,) = programs()
    first.send_signal(signal.SIGKILL)
    while first.is_running() and first.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.01)
    while tables._process.returncode is None:  # this loop has to hear of it
        await asyncio.sleep(0.01)
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])


async def test_a_process_that_is_lost_over_a_table_is_told(tables):
    await read(tables, SMALL)
    (program,) = programs()
    os.kill(program.pid, signal.SIGSTOP)
    reading = asyncio.create_task(read(tables, SMALL))
    await asyncio.sleep(0.05)
    os.kill(program.pid, signal.SIGKILL)
    with pytest.raises(BrokenTableError, match="the process that unpacked it was lost over it"):
        await reading
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])


@pytest.mark.slow
async def test_a_table_that_takes_too_long_is_given_up(tables):
    await read(tables, SMALL)
    (program,) = programs()
    os.kill(program.pid, signal.SIGSTOP)
    with pytest.raises(DeadlineExceededError, match=r"within 0\.05 s"):
        await read(tables, SMALL, timeout_seconds=0.05)
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])
    assert program not in programs()


@pytest.mark.slow
async def test_a_bounded_number_waits(tables):
    await read(tables, SMALL)
    (program,) = programs()
    os.kill(program.pid, signal.SIGSTOP)
    waiting = [asyncio.create_task(read(tables, SMALL)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhaustedError, match="32 tables wait"):
        await read(tables, SMALL)
    os.kill(program.pid, signal.SIGCONT)
    assert len(await asyncio.gather(*waiting)) == MAX_WAITING


@pytest.mark.slow
async def test_a_process_that_nobody_needs_is_let_go():
    tables = Tables(idle_seconds=0.05)
    await read(tables, SMALL)
    while programs():
        await asyncio.sleep(0.01)
    assert await read(tables, SMALL) == ("genotype", ["", "a:deletion"])
    await tables.close()
