import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from tests.study.stimuli.chunks import chunks
from uplapp.study.stimuli import blinding
from uplapp.study.store.store import new_token

RNG = np.random.default_rng(3)
SHAPES = [(48, 64, 3), (48, 64), (1, 1), (1, 1, 3), (255, 257, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_pixels_arrive_unchanged(shape):
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    png = blinding.encode(pixels, new_token())
    with Image.open(io.BytesIO(png)) as image:
        assert image.info == {}
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_there_is_no_chunk_but_header_pixels_and_end():
    png = blinding.encode(RNG.integers(0, 256, (300, 400, 3), dtype=np.uint8), new_token())
    assert set(chunks(png)) == {b"IHDR", b"IDAT", b"IEND"}


def test_every_picture_of_a_size_has_one_length():
    flat = np.zeros((256, 256, 3), np.uint8)
    noise = RNG.integers(0, 256, flat.shape, dtype=np.uint8)
    lengths = {len(blinding.encode(pixels, new_token())) for pixels in (flat, noise, noise // 2) * 5}
    assert len(lengths) == 1


def test_one_picture_under_two_tokens_shares_no_hash():
    pixels = RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    digests = {hashlib.sha256(blinding.encode(pixels, new_token())).digest() for _ in range(50)}
    assert len(digests) == 50


def test_the_same_token_gives_the_same_bytes():
    pixels = RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    assert blinding.encode(pixels, "t") == blinding.encode(pixels, "t")
