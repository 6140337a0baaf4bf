"""Whether a model can be asked about the conditions that a request names."""

from collections.abc import Iterator, Sequence

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.inference import Condition


def require_conditions(trained: Sequence[Condition], asked: Sequence[Condition] | None) -> None:
    """Check that a request which names conditions names those of the model, all of them.

    Raises:
        InvalidArgumentError: one is missing, given twice, not known, or has another value.
    """
    if asked is None:
        return
    offenders = [*_offenders({one.name: one.value for one in trained}, asked)]
    if offenders:
        raise InvalidArgumentError(
            f"the model was not trained under these conditions: {offenders[0].message}", offenders
        )


def _offenders(trained: dict[str, str], asked: Sequence[Condition]) -> Iterator[Offender]:
    seen: set[str] = set()
    for index, one in enumerate(asked):
        where = f"conditions[{index}]"
        if one.name not in trained:
            known = ", ".join(trained) or "none"
            message = f"it knows no condition {one.name!r}; it has: {known}"
            yield Offender(field=f"{where}.name", value=one.name, message=message)
        elif one.value != trained[one.name]:
            message = f"its rows were measured at {one.name} {trained[one.name]!r} alone"
            yield Offender(field=f"{where}.value", value=one.value, message=message)
        elif one.name in seen:
            yield Offender(field=f"{where}.name", value=one.name, message="it is given twice")
        seen.add(one.name)
    for name, value in trained.items():
        if name not in seen:
            message = f"{name} is missing: it was {value!r} in training"
            yield Offender(field="conditions", value=name, message=message)
