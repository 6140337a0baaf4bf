"""Tensors as bytes in the Open Inference Protocol: little-endian, a length before each text."""

import struct
import sys
from array import array

from service.contract.errors import InvalidArgumentError


def split_bytes(content: bytes) -> list[bytes]:
    """Elements of a tensor of BYTES, each behind its length (uint32).

    Raises:
        InvalidArgumentError: it ends in the middle of an element.
    """
    elements: list[bytes] = []
    place = 0
    while place < len(content):
        begin = place + 4
        end = begin + struct.unpack_from("<I", content, place)[0] if begin <= len(content) else -1
        if not begin <= end <= len(content):
            raise InvalidArgumentError(f"the bytes end in the middle of element {len(elements)}")
        elements.append(content[begin:end])
        place = end
    return elements


def float_bytes(values: "array[float]") -> bytes:
    """Values of a tensor of FP32."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()
