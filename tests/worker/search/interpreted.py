"""A plugin of pytest: large tiles, for an interpreter is slow by the tile, not by the design."""

from worker.search import kernel_triton_tables

kernel_triton_tables._DESIGNS = kernel_triton_tables._VALUES = 1 << 14
