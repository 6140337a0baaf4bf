"""Compiled code that came with an installation is where a process looks for it."""

import pytest

from tests.worker.warm_process import compiled_by
from worker.compiled import begin_with

LOSSES = """
from worker.compiling import compile_losses
compile_losses()
"""


@pytest.fixture
def installed(tmp_path):
    folder = tmp_path / "installed"
    (folder / "of_a_module").mkdir(parents=True)
    (folder / "of_a_module" / "code.nbi").write_text("1")
    return folder


def told(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_folder_begins_with_it(installed, tmp_path):
    kept = tmp_path / "new" / "numba"
    begin_with(installed, kept)
    assert told(kept) == told(installed)
    assert list(kept.parent.iterdir()) == [kept]


def test_what_is_kept_already_stays(installed, tmp_path):
    kept = tmp_path / "numba"
    kept.mkdir()
    begin_with(installed, kept)
    assert told(kept) == []


def test_an_installation_without_any_is_none(tmp_path):
    begin_with(tmp_path / "none", tmp_path / "numba")
    assert not (tmp_path / "numba").exists()


def test_another_process_may_be_first(installed, tmp_path, monkeypatch):
    kept = tmp_path / "numba"

    def late(_, copy):
        (kept / "of another").mkdir(parents=True)
        copy.mkdir()
        return copy

    monkeypatch.setattr("worker.compiled.shutil.copytree", late)
    begin_with(installed, kept)
    assert told(kept) == ["of another"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_process_that_begins_with_it_compiles_nothing(tmp_path):
    ahead, kept = tmp_path / "ahead", tmp_path / "kept"
    assert compiled_by(LOSSES, counts_kept=False, NUMBA_CACHE_DIR=str(ahead)) != []
    begin_with(ahead, kept)
    assert compiled_by(LOSSES, counts_kept=False, NUMBA_CACHE_DIR=str(kept)) == []
