"""Hatchling's hook: every install, editable ones too, compiles the search kernel if it can."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags


def _build_module() -> ModuleType:
    """`build.py` beside this file: the package itself is not installed yet."""
    spec = importlib.util.spec_from_file_location(
        "kernel_build", Path(__file__).with_name("build.py")
    )
    if spec is None or spec.loader is None:
        raise ImportError("worker/search/build.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class KernelBuildHook(BuildHookInterface[Any]):
    """Adds the library to the wheel, which then is one of this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile; without a compiler the wheel is one of Python alone."""
        module = _build_module()
        try:
            library = module.build()
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            module.LIBRARY.unlink(missing_ok=True)  # an older one would be of other sources
            self.app.display_warning(f"exact screens will take the slower numba kernel: {error}")
            return
        build_data["artifacts"].append(f"/{library.relative_to(self.root)}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{next(sys_tags()).platform}"
