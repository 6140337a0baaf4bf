"""Compiling the kernel: what is loaded, and what an install without a compiler comes to."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from worker.search.build import build, compiler, sources_sha256, variants

ROOT = Path(__file__).parents[3]
needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler")


@pytest.mark.slow
@needs_compiler
def test_a_library_knows_its_sources_and_holds_every_variant(tmp_path):
    library = ctypes.CDLL(str(build(tmp_path / "fresh.so")))
    library.sources.restype = ctypes.c_char_p
    assert library.sources().decode() == sources_sha256()
    assert library.best_variant() in range(3)
    for name in variants():
        assert hasattr(library, f"run_{name}")


@pytest.mark.slow
def test_without_a_compiler_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(FileNotFoundError, match="install cc, gcc or clang"):
        build(tmp_path / "none.so")


@pytest.mark.slow
@pytest.mark.parametrize("cc", ["cc", "no-such-compiler"])
def test_a_wheel_is_built_with_and_without_a_compiler(tmp_path, cc):
    """The library is in the wheel where it could be compiled; the install goes on in any case."""
    if cc == "cc" and compiler() is None:
        pytest.skip("no C compiler")
    tree = tmp_path / "tree"
    leave = shutil.ignore_patterns("__pycache__", "libscreen.so")
    for name in ("service", "worker", "examples/isoprenol"):
        shutil.copytree(ROOT / name, tree / name, ignore=leave)
    for name in ("LICENSE", "NOTICE", "README.md", "cellgebra.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"]
    subprocess.run(command, cwd=tree, check=True, env=os.environ | {"CC": cc})
    (wheel,) = (tmp_path / "dist").iterdir()
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", wheel], check=True, capture_output=True, text=True
    ).stdout
    assert ("worker/search/libscreen.so" in listed) == (cc == "cc")
    assert "worker/search/kernel.c" in listed
    assert ("none-any" in wheel.name) == (cc != "cc")
