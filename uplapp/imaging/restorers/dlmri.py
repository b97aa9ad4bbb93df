"""DLMRI: patches that are sparse in a dictionary learned from the very image, in turn with its measured data.

Source: Ravishankar & Bresler (2011). Here the dictionary follows the codes of all patches, and the error
that codes may leave starts high and falls: with a fixed one the aliases of few columns are coded as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from uplapp.imaging.physics import (
    Measurement,
    Sampling,
    require_sampling,
    to_image,
    to_kspace,
)
from uplapp.imaging.restorers.compressed_sensing import magnitude
from uplapp.imaging.restorers.dictionary import batch_omp, cosine_atoms, follow_codes

SIDE = 6
# Chosen at 8x on slices of FLAIR, heart and head that are not among those of the results. With more at first
# an image whose missing samples are small is forgotten.
ROUNDS, FIRST, LAST = 120, 0.7, 0.15
# Published: how much the estimate counts beside a sample with noise of 1 of 255 grey levels.
TRUST_PER_NOISE = 140.0

# Hears the share that is done, and an image where a round is complete; may raise.
Hear = Callable[[float, Tensor | None], None]


@dataclass(frozen=True)
class Sparsity:
    """How patches are coded: `rounds` of at most `most` atoms for each patch, on a grid of `stride` pixels.

    Codes leave an error (root mean square over a patch) of `first` in the first round and `last` in the last,
    in equal ratios, in units of the error that an image without the missing samples has.
    """

    rounds: int = ROUNDS
    most: int = 5
    stride: int = 2
    first: float = FIRST
    last: float = LAST

    def errors(self) -> Iterator[float]:
        """Give the error that each round may leave."""
        ratio = (self.last / self.first) ** (1 / max(self.rounds - 1, 1))
        return (self.first * ratio**turn for turn in range(self.rounds))


def dlmri(
    measurement: Measurement,
    sparsity: Sparsity = Sparsity(),
    noise: float | None = None,
    hear: Hear = lambda share, preview: None,
) -> Tensor:
    """Find the magnitude (1,h,w) in [0,1] whose patches are sparse and whose k-space is what was measured.

    `noise` is the standard deviation of the data in units of the image; without it samples are exact.
    """
    sampling, data = require_sampling(measurement), measurement.data
    image = sampling.adjoint(data)
    atoms, size = cosine_atoms(SIDE), (image.shape[-2], image.shape[-1])
    stride, unit = sparsity.stride, missing_size(sampling.mask, data) * SIDE
    for turn, error in enumerate(sparsity.errors()):
        start = (turn % stride, turn // stride % stride)

        def check(turn: int = turn) -> None:
            hear(turn / sparsity.rounds, None)

        patches = cut_patches(image, SIDE, stride, start)
        codes = batch_omp(patches, atoms, sparsity.most, error * unit, check)
        image = join_patches(codes @ atoms, size, SIDE, stride, start)
        atoms = follow_codes(patches, codes, atoms)
        image = data_consistent(image, sampling, data, noise)
        hear((turn + 1) / sparsity.rounds, magnitude(image, measurement))
    return magnitude(image, measurement)


def missing_size(mask: Tensor, data: Tensor) -> float:
    """The root mean square over an image of what a mask (W,) or (H,W) leaves out, expected from the data.

    The energy of a sample is taken to fall with its distance from the centre by a power, which is fitted to
    the logarithms of what was measured; the spectra of natural images do.
    """
    grid = (data.shape[-2], data.shape[-1])
    sampled, away = mask.expand(grid).bool(), _distances(grid, mask.ndim)
    energy = data.abs().square().sum(dim=0)
    count, total = (_at_each(away[sampled], values) for values in (None, energy[sampled]))
    known = (count > 0) & (total > 0)
    known[0] = False
    if known.count_nonzero() < 2:
        return float((energy[sampled].mean() * (~sampled).float().mean()).sqrt())
    level = total[known] / count[known]
    distance = known.nonzero()[:, 0].float().log()
    slope = torch.cov(torch.stack([distance, level.log()]))[0]
    power = slope[1] / slope[0]
    scale = (level / (power * distance).exp()).mean()
    missing = away[~sampled].clamp_min(1).float()
    return float((scale * missing.pow(power).sum() / sampled.numel()).sqrt())


def _distances(grid: tuple[int, int], axes: int) -> Tensor:
    """How many samples each one (H,W) lies from the centre, along its row alone for a mask of one axis."""
    rows, columns = ((torch.arange(length) - length // 2).float() for length in grid)
    down = rows if axes == 2 else torch.zeros_like(rows)
    return torch.hypot(down[:, None], columns[None, :]).round().long()


def _at_each(distances: Tensor, values: Tensor | None) -> Tensor:
    """Add up values by distance, or count them."""
    weights = None if values is None else values.float()
    return torch.bincount(distances, weights).float()


def data_consistent(image: Tensor, sampling: Sampling, data: Tensor, noise: float | None = None) -> Tensor:
    """The image (H,W), complex, whose samples are the data, or with noise between them and its own.

    Several coils see it by their maps, and are combined by them again.
    """
    kspace = to_kspace(sampling.coil_images(image))
    trust = 0.0 if not noise else 255 * noise / TRUST_PER_NOISE
    measured = (data + trust * kspace) / (1 + trust)
    return sampling.combine(to_image(torch.where(sampling.mask, measured, kspace)))


def cut_patches(image: Tensor, side: int, stride: int, start: tuple[int, int] = (0, 0)) -> Tensor:
    """All patches (N,side^2) of an image (H,W) on a grid from `start`, wrapped around its rim."""
    rows, columns = (_places(length, side, first) for length, first in zip(image.shape, start, strict=True))
    wrapped = image[rows][:, columns]
    return wrapped.unfold(0, side, stride).unfold(1, side, stride).reshape(-1, side * side)


def join_patches(
    patches: Tensor, size: tuple[int, int], side: int, stride: int, start: tuple[int, int] = (0, 0)
) -> Tensor:
    """The image (H,W) that has in each pixel the mean of all patches (N,side^2) that cover it."""
    down, across = (-(-length // stride) for length in size)
    tiles = patches.reshape(down, across, side, side)
    rows, columns = (_places(length, side, first) for length, first in zip(size, start, strict=True))
    wide = patches.new_zeros(len(rows), len(columns))
    for row in range(side):
        for column in range(side):
            part = wide[row : row + down * stride : stride, column : column + across * stride : stride]
            part += tiles[:, :, row, column]
    image = wide.new_zeros(size[0], len(columns)).index_add_(0, rows, wide)
    image = image.new_zeros(size).index_add_(1, columns, image)
    covered = [_covered(length, side, stride, first) for length, first in zip(size, start, strict=True)]
    return image / (covered[0][:, None] * covered[1][None, :])


def _places(length: int, side: int, start: int) -> Tensor:
    """The places of an axis from `start` on, around its end, so far that a patch can begin at each."""
    return (torch.arange(length + side - 1) + start) % length


def _covered(length: int, side: int, stride: int, start: int) -> Tensor:
    """How many patches cover each place of an axis."""
    first = torch.arange(0, length, stride) + start
    covering = (first[:, None] + torch.arange(side)[None, :]) % length
    return torch.bincount(covering.flatten(), minlength=length)
