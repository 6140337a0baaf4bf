"""Why `cellgebra up` cannot start, or cannot go on. Messages say what to do."""


class SupervisorError(Exception):
    """Root: `str()` of it is what the person at the terminal reads."""


class DataDirInUseError(SupervisorError):
    """Another service runs on this data folder."""


class PortInUseError(SupervisorError):
    """Another program listens there."""


class ChildFailedError(SupervisorError):
    """A process ended too often in a row, or one that is needed once failed."""


class NotReadyError(SupervisorError):
    """The service runs but does not become ready."""


class StoppedError(SupervisorError):
    """Somebody asked to stop while the service was starting."""
