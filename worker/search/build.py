"""Compile the search kernel, where there is a C compiler: once per instruction set, in one library.

    python -m worker.search.build

compiles it in place. As a build hook (see pyproject.toml) it does so at every install; without a
compiler the install goes on, and screens take the slower numba kernel. CC names the compiler.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = FOLDER / "libscreen.so"
COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c11", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math")
_X86 = {
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx2", "-mfma"),
}


def compiler() -> str | None:
    """Path of the C compiler; None where there is none."""
    named = os.environ.get("CC")
    found = (shutil.which(name) for name in ([named] if named else COMPILERS))
    return next((path for path in found if path), None)


def variants() -> dict[str, tuple[str, ...]]:
    """Flags of each variant of this machine's family of processors."""
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return {"plain": (), **(_X86 if is_x86 else {})}


def sources_sha256() -> str:
    """Of all C files: a library that was compiled from others is not loaded."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.[ch]")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def build(target: Path = LIBRARY) -> Path:
    """Compile the library; one that is in use goes on as it was.

    Raises:
        FileNotFoundError: there is no compiler.
        subprocess.CalledProcessError: it failed; its own words are on standard error.
    """
    command = compiler()
    if command is None:
        raise FileNotFoundError("no C compiler: install cc, gcc or clang, or name one in CC")
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for name, flags in variants().items():
            objects.append(f"{folder}/{name}.o")
            source = ("-c", str(FOLDER / "kernel.c"), "-o", objects[-1])
            _run(command, *_FLAGS, *flags, f"-DVARIANT={name}", *source)
        library = f"{folder}/libscreen.so"
        stamp = f'-DSOURCES="{sources_sha256()}"'
        last = (str(FOLDER / "dispatch.c"), "-lm")
        _run(command, *_FLAGS, stamp, "-shared", "-o", library, *objects, *last)
        fresh = target.with_suffix(".new")
        shutil.copyfile(library, fresh)
        fresh.replace(target)
    return target


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603  # the compiler that the user named


if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
