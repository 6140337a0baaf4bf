"""The page that browses the API: from this service alone, so that it works without a network."""

import re

import pytest


@pytest.fixture
async def page(rest):
    response = await rest.get("/docs")
    assert response.status_code == 200
    return response.text


def test_it_names_no_other_host(page):
    assert re.findall(r"""["'(](?:https?:)?//[^"')]*""", page) == []
    assert "validatorUrl" in page  # or Swagger UI would send the document out for a badge


async def test_all_that_it_loads_is_here(rest, page):
    loaded = re.findall(r"""(?:src|href)="([^"]+)|url: '([^']+)'""", page)
    paths = [first or second for first, second in loaded]
    assert len(paths) >= 4  # script, style, icon, the document
    for path in paths:
        assert (await rest.get(path)).status_code == 200, path


async def test_it_is_closed_to_other_sites(rest):
    assert (await rest.get("/docs", headers={"Host": "rebound.example.org"})).status_code == 403
    assert (await rest.get("/redoc")).status_code == 404
