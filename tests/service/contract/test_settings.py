"""Where settings come from: what is given, the environment, files; an empty variable is none."""

import pytest
from pydantic import ValidationError

from service.contract.logs import LogLevel
from service.contract.settings import Settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CELLGEBRA_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_file_holds_a_setting(folder):
    (folder / "cellgebra_database_url").write_text("postgresql://u:p@h/d\n")
    settings = Settings()
    assert settings.resolved_database_url == "postgresql://u:p@h/d"
    assert settings.secrets_dir == folder


def test_the_environment_wins_over_a_file_unless_it_is_empty(folder, monkeypatch):
    (folder / "cellgebra_broker_url").write_text("redis://file")
    monkeypatch.setenv("CELLGEBRA_BROKER_URL", "")
    assert Settings().broker_url == "redis://file"
    monkeypatch.setenv("CELLGEBRA_BROKER_URL", "redis://variable")
    assert Settings().broker_url == "redis://variable"
    assert Settings(broker_url="redis://given").broker_url == "redis://given"


def test_a_folder_that_is_missing_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setenv("CELLGEBRA_SECRETS_DIR", str(tmp_path / "missing"))
    with pytest.warns(UserWarning, match="missing"):
        assert Settings().database_url is None


def test_without_a_folder_no_file_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cellgebra_port").write_text("1")
    assert Settings().port == 8000


def test_a_level_of_logs_is_one_that_there_is(monkeypatch):
    monkeypatch.setenv("CELLGEBRA_LOG_LEVEL", "warning")
    assert Settings().log_level is LogLevel.WARNING
    monkeypatch.setenv("CELLGEBRA_LOG_LEVEL", "loud")
    with pytest.raises(ValidationError, match="'DEBUG', 'INFO'"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEASE_SECONDS", "inf"),
        ("LEASE_SECONDS", "1e300"),
        ("CHECKPOINT_SECONDS", "nan"),
        ("HEARTBEAT_SECONDS", "25"),  # a cancel would wait for it
        ("WORKER_STALE_SECONDS", "2"),  # workers tell of themselves every five
        ("AUDIT_DAYS", "1000000000"),
    ],
)
def test_a_time_out_of_range_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"CELLGEBRA_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
