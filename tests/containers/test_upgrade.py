"""A deployment of the version before: `migrate` brings its database up, with all that it holds."""

import time

import pytest

from service.contract.schema import REVISION
from tests.containers.stack import WORKERS, wait_until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

BEFORE = f"{int(REVISION) - 1:04d}"
DOWN = (
    "from service.contract.settings import Settings; "
    "from service.migrations.migrate import downgrade; "
    f"print(downgrade(Settings().resolved_database_url, '{BEFORE}'))"
)
PROCESSES = ("api", "rpc", "scheduler", *WORKERS)


def test_a_database_of_the_revision_before_is_upgraded(deployment, api, trained):
    url = f"/v1/models/{trained['model_id']}:score"
    before = api.post(url, json={"genotypes": ["", "PP_0368:knockdown"]}).raise_for_status().json()
    deployment.compose("stop", "--timeout", "15", *PROCESSES)
    assert deployment.once("python", "-c", DOWN).split()[-1] == BEFORE

    refused = deployment.compose("run", "--rm", "--no-deps", "-T", "api", check=False)
    assert f"the database has schema {BEFORE}, this version needs {REVISION}" in refused

    begin = time.monotonic()
    deployment.up()
    wait_until(deployment.is_ready, "ready after an upgrade", 120)
    deployment.note(
        f"upgrade from {BEFORE} to {REVISION}: ready after {time.monotonic() - begin:.1f} s"
    )
    assert deployment.sql("SELECT version_num FROM alembic_version") == REVISION
    after = api.post(url, json={"genotypes": ["", "PP_0368:knockdown"]})
    if after.status_code == 401:  # the revision before had no keys yet: migrate made another
        key = deployment.once("cat", "/secrets/admin/key").split()[-1]
        after = api.post(
            url,
            json={"genotypes": ["", "PP_0368:knockdown"]},
            headers={"Authorization": f"Bearer {key}"},
        )
    assert after.raise_for_status().json() == before
