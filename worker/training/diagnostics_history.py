"""Loss terms over time, as the epoch events of a training tell them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from service.contract.jobs import EventType
from service.contract.report_diagnostics import EpochPoint

Emit = Callable[[EventType, dict[str, Any]], None]


class History:
    """Passes events on and keeps the epochs.

    A job that goes on from a checkpoint gives it the epochs that earlier attempts told of; an
    epoch that is told again replaces what was told before.

    Args:
        emit: who gets the events.
        earlier: data of epoch events of earlier attempts.
    """

    def __init__(self, emit: Emit, earlier: Iterable[Mapping[str, Any]] = ()) -> None:
        self._emit = emit
        self._points = {point.place: point for point in map(_Told, earlier)}

    def __call__(self, type_: EventType, data: dict[str, Any]) -> None:
        """Take an event."""
        if type_ is EventType.EPOCH:
            told = _Told(data)
            self._points[told.place] = told
        self._emit(type_, data)

    def epochs(self) -> list[EpochPoint]:
        """By member and epoch."""
        return [self._points[place].point for place in sorted(self._points)]


class _Told:
    """One epoch event; what is not a known metric (the state of the latent) is left out."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        metrics = data["metrics"]
        self.point = EpochPoint(
            member=data["member"],
            epoch=data["epoch"],
            terms=data["terms"],
            validation_rmse=metrics.get("validation_rmse"),
            validation_spearman=metrics.get("validation_spearman"),
        )
        self.place = (self.point.member, self.point.epoch)
