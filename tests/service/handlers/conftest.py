"""What handlers are tested with."""

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_kind(request):
    """The repositories' tests run on both kinds by default; handlers ask them alone."""
    return request.param
