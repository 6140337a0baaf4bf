"""`python -m service.cli` is `cellgebra`."""

from service.cli.main import main

main()
