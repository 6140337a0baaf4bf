"""The `cellgebra` command. It must say something useful in an installation without extras."""

import sys

from service.cli.extras import missing_extra


def main() -> None:
    """Run the command line."""
    try:
        from service.cli.commands import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "service":
            raise
        command = next((part for part in sys.argv[1:] if not part.startswith("-")), None)
        sys.exit(f"cellgebra: {missing_extra(command, error.name)}")
    app()
