"""Which strategies a model and a number of designs allow."""

from collections.abc import Sequence

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.search import Strategy

MAX_BATCHED = 10**8
MAX_SCREENED_SIZE = 3
_IN_TURN = (
    *(Strategy.SCREEN, Strategy.BATCHED, Strategy.BEAM),
    *(Strategy.BRANCH_AND_BOUND, Strategy.EVOLUTIONARY),
)


def choose_strategy(
    asked: Strategy,
    screen_refusal: str | None,
    sizes: Sequence[int],
    counts: Sequence[int],
    *,
    branch_refusal: str | None = None,
) -> Strategy:
    """The strategy asked for, or the first that is possible.

    `screen_refusal` says why the model cannot be screened, None if it can, and `branch_refusal` why
    its designs cannot be bounded; `auto` takes no branch and bound. `sizes` are the edits
    beside the fixed ones of each order, and `counts` how many designs it has.

    Raises:
        InvalidArgumentError: the strategy asked for is not possible; it says why, and which are.
    """
    refused = _refusals(screen_refusal, max(sizes), sum(counts))
    if branch_refusal is not None:
        refused[Strategy.BRANCH_AND_BOUND] = branch_refusal
    possible = [s for s in _IN_TURN if s not in refused]
    if asked is Strategy.AUTO:
        return possible[0]
    if asked in refused:
        others = " or ".join(possible)
        message = f"strategy {asked}: {refused[asked]}; take {others}"
        raise InvalidArgumentError(
            message, [Offender(field="strategy", value=asked, message=message)]
        )
    return asked


def _refusals(screen_refusal: str | None, size: int, count: int) -> dict[Strategy, str]:
    refused: dict[Strategy, str] = {}
    if screen_refusal is not None:
        refused[Strategy.SCREEN] = screen_refusal
    elif size > MAX_SCREENED_SIZE:
        refused[Strategy.SCREEN] = (
            f"it goes through up to {MAX_SCREENED_SIZE} edits beside those of must_include, "
            f"and there are up to {size}"
        )
    if count > MAX_BATCHED:
        refused[Strategy.BATCHED] = (
            f"it scores at most {MAX_BATCHED:,} designs one by one, and there are {count:,}"
        )
    return refused
