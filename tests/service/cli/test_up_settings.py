"""What `cellgebra up` makes of settings before anything starts."""

from contextlib import ExitStack

import pytest

from service.cli.up import _prepare
from service.supervisor.errors import SupervisorError


def test_paths_are_those_of_the_folder_that_it_was_started_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    monkeypatch.setenv("CELLGEBRA_SECRETS_DIR", "secrets")
    with ExitStack() as stack:
        settings = _prepare({"data_dir": "data", "port": 0, "grpc_port": 0}, stack)
    assert settings.secrets_dir == tmp_path / "secrets"
    assert settings.data_dir == tmp_path / "data"


def test_a_store_that_there_is_not_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setenv("CELLGEBRA_ARTIFACT_URL", "ftp://there")
    with ExitStack() as stack, pytest.raises(SupervisorError, match="s3://"):
        _prepare({"data_dir": tmp_path, "port": 0, "grpc_port": 0}, stack)
