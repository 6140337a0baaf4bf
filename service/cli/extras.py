"""What to install for a command that this installation cannot run."""

_SERVICE_COMMANDS = ("api", "db", "gc", "migrate", "scheduler")


def missing_extra(command: str | None, module: str | None) -> str:
    """One line for the terminal: the command, the missing module, and the extra that brings it."""
    extra = "service" if command in _SERVICE_COMMANDS else "local"
    what = f"`cellgebra {command}`" if command else "`cellgebra`"
    return (
        f"{what} needs more than the client (no module {module}): pip install 'cellgebra[{extra}]'"
    )
