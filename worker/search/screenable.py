"""Whether a model can be screened, or bounded."""

from collections.abc import Iterable

from worker.inference.predictor import Predictor
from worker.search.pool import EditPool
from worker.search.table_builder import (
    MAX_ORDER,
    NotScreenableError,
    latent_tables,
    screen_tables,
)


def screen_refusal(predictor: Predictor, pool: EditPool, sizes: Iterable[int]) -> str | None:
    """Why not, None if it can be: asked of tables of one edit, which cost nothing."""
    try:
        for size in sizes:
            if 1 <= size <= MAX_ORDER:
                screen_tables(predictor, pool.edits[:1], size, pool.fixed)
    except NotScreenableError as error:
        return str(error).partition(":")[0]
    return None


def branch_refusal(predictor: Predictor, pool: EditPool) -> str | None:
    """Why no branch and bound is possible, None if it is."""
    try:
        latent_tables(predictor, pool.edits[:1], 1, pool.fixed)
    except NotScreenableError as error:
        return str(error)
    return None
