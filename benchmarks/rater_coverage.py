"""How often intervals of scores without the raters' bias hold the true score, beside those of mean ratings.

python benchmarks/rater_coverage.py [STUDIES]     # 300 a row take a minute
"""

import sys

import numpy as np
from scipy import stats

from uplapp.analysis.ratings.raters import Sheet, fit_raters

SIZES = ((4, 8), (6, 12), (6, 30), (12, 20), (24, 20))  # raters, images


def study(raters: int, images: int, seed: int) -> tuple[np.ndarray, ...]:
    """Simulate one study: hits and widths of both kinds of intervals, per image."""
    rng = np.random.default_rng(seed)
    truth, bias = rng.uniform(1, 5, images), rng.normal(0, 0.4, raters)
    noise = rng.uniform(0.3, 1.2, raters)[:, None] * rng.normal(size=(raters, images))
    ratings = truth + bias[:, None] + noise
    observer, image = np.divmod(np.arange(ratings.size), images)
    fit = fit_raters(Sheet.of(observer, image, ratings.ravel()))
    reach = stats.t.ppf(0.975, raters - 1)
    of_score, of_mean = reach * fit.scores_se, reach * stats.sem(ratings)
    hits = np.abs(fit.scores - truth) < of_score, np.abs(ratings.mean(axis=0) - truth) < of_mean
    return (*hits, 2 * of_score, 2 * of_mean)


def row(raters: int, images: int, studies: int) -> str:
    """Write one row of the table. Studies whose likelihood has no peak are only counted."""
    found = [study(raters, images, seed) for seed in range(studies)]
    kept = [each for each in found if np.isfinite(each[2]).all()]
    hit, hit_mean, width, width_mean = np.mean(kept, axis=(0, 2))
    figures = f"{hit:.3f} | {hit_mean:.3f} | {width:.2f} | {width_mean:.2f} | {studies - len(kept)}"
    return f"| {raters} | {images} | {figures} |"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print("| raters | images | score | mean rating | width of score | width of mean | no peak |")
    for size in SIZES:
        print(row(*size, count), flush=True)
