"""What no observer's browser may get, as whole words."""

import re

from tests.study.tiny import CONDITIONS, SCENES, SEED

LOSSES = (
    *("l1", "l2", "ssim", "ms_ssim", "lpips", "lpips_l2", "flip", "flip_gray", "adaptive", "vgg", "upl"),
    *("refinement", "dagan", "cross_entropy"),
)
OTHERS = ("reference", "unet", "denoise", "noise_sigma", "seed", "condition", "conditions", str(SEED))


def secrets(store) -> set[str]:
    """Names of conditions, losses, models and files, the seed, and every key of the database."""
    words = {*CONDITIONS, *LOSSES, *OTHERS, *SCENES, *(f"{scene}.png" for scene in SCENES)}
    words |= {f"{name} loss" for name in CONDITIONS}
    for query in ("SELECT id FROM observers", "SELECT id FROM studies", "SELECT hash AS id FROM studies"):
        words |= {row["id"] for row in store.rows(query, {})}
    return words


def leaks(text: str, words: set[str]) -> list[str]:
    """List the words of a set that a text contains as whole words, in upper or lower case."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.findall(rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9_])", text, re.IGNORECASE)
