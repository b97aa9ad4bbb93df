"""What an observer's browser gets instead of names: opaque tokens, and pixels whose bytes tell nothing."""

import hashlib
import secrets
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

COLOUR_TYPES = {1: 0, 3: 2}  # PNG (ISO 15948) table 11.1: channels -> grey, RGB


def token() -> str:
    """128 random bits in hex."""
    return secrets.token_hex(16)


def encode(pixels: NDArray[np.uint8], token: str) -> bytes:
    """PNG of pixels (H,W) or (H,W,3) with the chunks IHDR, IDAT, IEND and nothing else.

    Rows are stored, not compressed, so every image of one size has one length, whatever it shows. The filter
    of each row is drawn from the token, so the bytes, and with them any hash, differ from token to token.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    filtered = _filters(pixels.reshape(height, width * channels), channels)
    draws = np.frombuffer(hashlib.shake_256(token.encode()).digest(height), np.uint8) % len(filtered)
    rows = filtered[draws, np.arange(height)]
    data = np.concatenate([draws[:, None], rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(data, level=0)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _filters(rows: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """The rows under the PNG filters None, Sub and Up, shape (3,H,W*C); uint8 wraps as the format wants."""
    sub, up = rows.copy(), rows.copy()
    sub[:, channels:] -= rows[:, :-channels]
    up[1:] -= rows[:-1]
    return np.stack([rows, sub, up])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
