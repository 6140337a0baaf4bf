"""What the doctor finds of a bucket and of an issuer that the settings name."""

import json

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from tests.servers.bucket import Bucket
from tests.servers.issuer import AUDIENCE, issuer_server


def findings(environment):
    done = CliRunner(env=environment).invoke(
        app, ["doctor", "--url", "http://127.0.0.1:1", "--json"]
    )
    return {item["what"]: item for item in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
def test_it_looks_at_the_bucket(bucket):
    well = findings(bucket.environment)["bucket"]
    assert (well["found"], well["advice"]) == (f"s3://{bucket.name}/some/prefix can be read", None)
    none = findings(Bucket(bucket.endpoint, "no-such-bucket").environment)["bucket"]
    assert "no such bucket" in none["found"]
    assert "CELLGEBRA_ARTIFACT_" in none["advice"]


def test_it_looks_at_the_issuer():
    with issuer_server() as issuer:
        environment = {
            "CELLGEBRA_OIDC_ISSUER": issuer.url,
            "CELLGEBRA_OIDC_AUDIENCE": AUDIENCE,
            "CELLGEBRA_OIDC_GRANTS": '{"x": {"project": "x", "scopes": ["read"]}}',
        }
        well = findings(environment)["issuer"]
        assert (well["found"], well["advice"]) == (f"{issuer.url} publishes 1 keys", None)
        issuer.keys = []
        assert "no token opens" in findings(environment)["issuer"]["advice"]
        issuer.said_issuer = "https://evil.example.org"
        assert "CELLGEBRA_OIDC_ISSUER" in findings(environment)["issuer"]["advice"]


def test_without_either_it_tells_of_neither():
    assert {"bucket", "issuer"} & set(findings({})) == set()
