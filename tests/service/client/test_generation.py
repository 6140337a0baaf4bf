"""The client without asyncio is the one with it, less `async` and `await`."""

import inspect

import pytest

from service.client.aio.cellgebra import AsyncCellgebra
from service.client.cellgebra import Cellgebra
from service.client.generation import BY_HAND, HERE, modules, without_asyncio


def test_every_module_is_what_it_is_made_from():
    stale = [path.name for path, text in modules() if path.read_text() != text]
    assert stale == [], "run `make client`"


def test_what_is_taken_away():
    text = (
        "async def f(x: AsyncIterator[int], r: Callable[[], Awaitable[R]]) -> "
        "AsyncGenerator[int, None]:\n    async with aclosing(x) as y:\n"
        "        async for z in y:\n            yield await g(z)\n    await h.aclose()\n"
    )
    assert without_asyncio(text) == (
        "def f(x: Iterator[int], r: Callable[[], R]) -> "
        "Generator[int, None, None]:\n    with closing(x) as y:\n"
        "        for z in y:\n            yield g(z)\n    h.close()\n"
    )


def public(kind):
    return {
        name: list(inspect.signature(member).parameters)
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


PARTS = ["datasets", "gene_tables", "artifacts", "schemas", "registry", "keys"]


@pytest.mark.parametrize("part", [None, *PARTS])
def test_both_have_the_same_surface(part):
    with Cellgebra() as plain:
        waiting = AsyncCellgebra()
        ours, theirs = (one if part is None else getattr(one, part) for one in (plain, waiting))
        assert public(type(ours)) == public(type(theirs))
    assert len(public(type(ours))) > 1


def test_what_is_written_by_hand_has_its_other_side():
    for name in BY_HAND:
        assert (HERE / name).exists()
        assert (HERE / "aio" / name).exists()
