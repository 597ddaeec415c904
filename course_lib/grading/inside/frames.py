"""Messages over a pipe or socket: a length of four bytes, then one encoded dictionary."""

import os
import struct
from typing import Any

from course_lib.grading.inside.codec import CodecError, decode, encode

HEADER = struct.Struct("<I")
_PIECE = 1 << 20


def pack(message: dict[str, Any], limit: int) -> bytes:
    """Return the message as a frame; raises ``CodecError`` where it is larger than ``limit``."""
    body = encode(message, limit)
    return HEADER.pack(len(body)) + body


def size_of(header: bytes, limit: int) -> int:
    """Return the size of the body that follows; raises ``CodecError`` beyond ``limit``."""
    size: int = HEADER.unpack(header)[0]
    if size > limit:
        raise CodecError(f"a message of {size} bytes; at most {limit} are read")
    return size


def unpack(body: bytes | bytearray) -> dict[str, Any]:
    """Return the message in a frame's body; raises ``CodecError`` where it is none."""
    message = decode(body)
    if not isinstance(message, dict) or not all(isinstance(key, str) for key in message):
        raise CodecError("a message is a dictionary with names as keys")
    return message


def write_frame(descriptor: int, message: dict[str, Any], limit: int) -> None:
    """Write a message, waiting as long as it takes."""
    view = memoryview(pack(message, limit))
    while view:
        view = view[os.write(descriptor, view[:_PIECE]) :]


def read_frame(descriptor: int, limit: int) -> dict[str, Any]:
    """Read a message, waiting as long as it takes; raises ``EOFError`` at the end."""
    size = size_of(_read(descriptor, HEADER.size), limit)
    return unpack(_read(descriptor, size))


def _read(descriptor: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(descriptor, min(size - len(data), _PIECE))
        if not piece:
            raise EOFError("the other side has closed the connection")
        data += piece
    return bytes(data)
