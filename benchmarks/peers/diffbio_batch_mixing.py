"""DiffBio's own BatchMixingLoss, in a Python of its own, for benchmarks/batch_mixing.py to talk to.

    PYTHON benchmarks/peers/diffbio_batch_mixing.py

PYTHON has DiffBio 0.1.9 and JAX. Of each line of input, `ROWS DIMS`, it computes value and gradient, jitted, and answers
with the seconds and the value of that run; the first line of a size also compiles, untimed. `memory ROWS DIMS` answers with
the growth of the peak, in MiB, of one run after compilation. The first line of output says the versions.

DiffBio (https://github.com/avitai/DiffBio, MIT licence) asks for Python 3.12. Where its packages cannot be imported as a
whole, the unmodified files of the loss and of what it calls are loaded alone; a module with newer syntax that the loss does
not call (diffbio.core.soft_ops.normalization) is then left empty.
"""

import sys
import time
import types
from importlib.metadata import distribution, version
from pathlib import Path

import numpy as np

PACKAGES = {
    "diffbio": ("diffbio", "diffbio.core", "diffbio.losses"),
    "calibrax": ("calibrax", "calibrax.metrics", "calibrax.metrics.functional"),
}
LEFT_EMPTY = "diffbio.core.soft_ops.normalization"


def load():
    try:
        from diffbio.losses.singlecell_losses import BatchMixingLoss
    except (ImportError, SyntaxError):
        for name in [n for n in sys.modules if n.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        for package, names in PACKAGES.items():
            for name in names:
                module = types.ModuleType(name)
                module.__path__ = [str(Path(distribution(package).locate_file("")) / name.replace(".", "/"))]
                sys.modules[name] = module
        if sys.version_info < (3, 12):
            module = types.ModuleType(LEFT_EMPTY)
            module.__getattr__ = lambda name: None
            sys.modules[LEFT_EMPTY] = module
        from diffbio.losses.singlecell_losses import BatchMixingLoss
    return BatchMixingLoss(n_neighbors=15, n_batches=3, temperature=1.0)


def status(line):
    return int(Path("/proc/self/status").read_text().split(f"{line}:")[1].split()[0]) / 1024


def main():
    import jax
    import jax.numpy as jnp

    loss = load()
    value_and_gradient = jax.jit(jax.value_and_grad(loss))
    compiled = {}
    print(f"DiffBio {version('diffbio')}, JAX {jax.__version__}, Python {sys.version.split()[0]}", flush=True)

    def prepare(rows, dims):
        if (rows, dims) not in compiled:
            z = jnp.asarray(np.random.default_rng(rows).standard_normal((rows, dims)), jnp.float32)
            batch = jnp.asarray(np.arange(rows) % 3)
            compiled[rows, dims] = (value_and_gradient.lower(z, batch).compile(), z, batch)
        return compiled[rows, dims]

    for line in sys.stdin:
        *command, rows, dims = line.split()
        run, *data = prepare(int(rows), int(dims))
        if command:
            Path("/proc/self/clear_refs").write_text("5")
            before = status("VmRSS")
            jax.block_until_ready(run(*data))
            print(status("VmHWM") - before, flush=True)
            continue
        start = time.perf_counter()
        value, gradient = jax.block_until_ready(run(*data))
        print(time.perf_counter() - start, float(value), flush=True)


if __name__ == "__main__":
    main()
