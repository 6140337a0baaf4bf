"""The Triton kernel of searches, compiled for a GPU that need not be here.

python -m tests.worker.search.triton_source
"""

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from worker.search.kernel_triton_lists import Lists
from worker.search.kernel_triton_screen import Goals, screen
from worker.search.kernel_triton_tables import Shape
from worker.search.kernel_triton_units import Tables

PAIRS = ("pair", "pair_place")
BOUNDS = ("bound", "bound_place", "triple_start", "triple_key", "triple_value")
SIZES = ("inner_constant", "inner", "size_constant", "size", "exponent", "step")
FOLDED, LAYERED = ("positive", "unit_count"), ("second_base", "second_weight", "output")
FRONT = (
    *("front_weight", "front_penalty", "front_slack", "front_value", "front_key"),
    *("rival_value", "rival_key"),
)
PLAIN = (*PAIRS, *BOUNDS, *SIZES, *FRONT, "is_log", "allowed", "stratum", "histogram")

TYPES = {
    **dict.fromkeys(("edits", "padded", "labels", "members", "units", "second_units"), "i32"),
    **dict.fromkeys(("table_size", "triple_steps", "limits", "strata", "bins"), "i32"),
    **dict.fromkeys(("bin_start", "bins_per_unit"), "fp32"),
    **dict.fromkeys(("triple_key", "counts", "floor_key", "key", "histogram"), "*i64"),
    **dict.fromkeys(("front_key", "rival_key"), "*i64"),
    **dict.fromkeys((*FOLDED, "pair_place", "bound_place", "triple_start"), "*i32"),
    **dict.fromkeys(("is_log", "limit_label", "stratum"), "*i32"),
    "allowed": "*u8",
}

# Parts that a screen has not, and what it is compiled for; tiles are small where all is in it.
SCREENS = {
    "one hidden layer, relu": ((*PLAIN, *LAYERED), Shape(False, 3, 8, 128, 1, 1, 1)),
    "an ensemble with every part": (LAYERED, Shape(False, 2, 1, 32, 8, 1, 1)),
    "two hidden layers, gelu, with every part": (FOLDED, Shape(True, 3, 1, 32, 8, 2, 16)),
}


def compiled(absent, shape):
    """The kernel for a GPU of compute capability 9.0."""
    constants = {(screen.arg_names.index(name),): value for name, value in shape._asdict().items()}
    signature = {}
    for place, name in enumerate(screen.arg_names):
        signature[name] = "constexpr" if name in shape._fields else "i32"
        if place < len((Tables, Goals, Lists)):
            fields = (Tables, Goals, Lists)[place]._fields
            types = ["constexpr" if f in absent else TYPES.get(f, "*fp32") for f in fields]
            signature[name] = (Tables, Goals, Lists)[place](*types)
            constants |= {(place, n): None for n, field in enumerate(fields) if field in absent}
    source = ASTSource(screen, signature, constexprs=constants)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=shape.options())


if __name__ == "__main__":
    for name, screened in SCREENS.items():
        assert compiled(*screened).asm["cubin"], name
