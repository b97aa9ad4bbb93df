"""Pictures as an observer's browser gets them: PNG whose bytes say nothing of the condition."""

import hashlib
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COLOUR_TYPES = {1: 0, 3: 2}  # PNG (ISO 15948) table 11.1: channels -> grey, RGB
STORED_BYTES = 65535  # the longest stored block (RFC 1951, 3.2.4)

Part = bytes | memoryview


def encode(pixels: NDArray[np.uint8], token: str) -> bytes:
    """PNG of pixels (H,W) or (H,W,3) with the chunks IHDR, IDAT, IEND and nothing else.

    Rows are stored, not compressed, so every image of one size has one length, whatever it shows. The filter
    of each row is drawn from the token, so the bytes, and with them any hash, differ from token to token.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    draws = np.frombuffer(hashlib.shake_256(token.encode()).digest(height), np.uint8) % 3
    rows = _filtered(pixels.reshape(height, width * channels), channels, draws)
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", [header]),
        _chunk(b"IDAT", _stored(rows.data.cast("B"))),
        _chunk(b"IEND", []),
    )
    return b"".join((b"\x89PNG\r\n\x1a\n", *(part for chunk in chunks for part in chunk)))


def _filtered(rows: NDArray[np.uint8], channels: int, draws: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each row behind the number of its PNG filter: None, Sub or Up. Uint8 wraps as the format wants."""
    result = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    result[:, 0], result[:, 1:] = draws, rows
    sub, up = draws == 1, np.flatnonzero(draws[1:] == 2)
    result[sub, 1 + channels :] -= rows[sub, :-channels]
    result[up + 1, 1:] -= rows[up]
    return result


def _stored(data: memoryview) -> list[Part]:
    """A zlib stream of stored blocks (RFC 1950, 1951). Zlib.compress at level 0 takes four times as long."""
    parts: list[Part] = [b"\x78\x01"]
    for start in range(0, len(data), STORED_BYTES):
        block = data[start : start + STORED_BYTES]
        last = start + STORED_BYTES >= len(data)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return [*parts, struct.pack(">I", zlib.adler32(data))]


def _chunk(name: bytes, parts: Sequence[Part]) -> tuple[Part, ...]:
    crc = zlib.crc32(name)
    for part in parts:
        crc = zlib.crc32(part, crc)
    return struct.pack(">I", sum(map(len, parts))), name, *parts, struct.pack(">I", crc)
