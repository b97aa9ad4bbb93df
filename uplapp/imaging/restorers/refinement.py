"""Refined reconstructions: what one network restores, made sharper by a second one."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from uplapp.imaging.case import Batch, Case
from uplapp.imaging.device import estimate
from uplapp.imaging.physics import Measurement, Sampling
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.network import NetworkRestorer, restore_by_tiles
from uplapp.imaging.restorers.restorer import Watch, unwatched


@dataclass(frozen=True, eq=False)
class RefinedRestorer:
    """A network that refines what a base restores.

    With `consistency` measured k-space replaces what the refined image says of it; published is without.
    Source: Seitzer et al. (2018).
    """

    base: NetworkRestorer
    network: nn.Module
    consistency: bool = False

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a case (C,*size) by the base and refine it, clipped to [0,1]."""
        first = self.base.restore(case, _half(watch, 0.0))
        precision = self.computed_in(case)
        refined = restore_by_tiles(self.network, first, _half(watch, 0.5), precision=precision)
        return consistent(refined, case.measurement) if self.consistency else refined

    def computed_in(self, case: Case) -> str:
        """Say in which number format the network refines a case."""
        return NetworkRestorer(self.network, precision=self.base.precision).computed_in(case)


@torch.no_grad()
def restore_batch(network: nn.Module, batch: Batch, precision: str) -> Tensor:
    """Restore a batch (B,C,H,W) as `NetworkRestorer` restores each case, with measured data put back.

    Everything stays on the device of the batch.
    """
    restored = estimate(network, batch.shown_to(network), precision).clamp(0, 1)
    measurement = batch.measurement
    if measurement is None or getattr(network, "sees_data", False):
        return restored
    pairs = zip(restored, _singles(measurement), strict=True)
    return torch.stack([consistent(image, one) for image, one in pairs])


def _half(watch: Watch, start: float) -> Watch:
    def part(share: float, text: str, preview: Tensor | None) -> bool:
        return watch(start + share / 2, text, preview)

    return part


def _singles(measurement: Measurement) -> list[Measurement]:
    """Split the measurement of a batch into measurements of its images."""
    return [_single(measurement, index) for index in range(len(measurement.seen))]


def _single(measurement: Measurement, index: int) -> Measurement:
    one = measurement.map(lambda tensor: tensor[index])
    if not isinstance(one.operator, Sampling):
        return one
    mask = one.operator.mask
    # In a batch the columns (W,) of an image are (1,1,W).
    columns = mask.flatten() if mask.numel() == mask.shape[-1] else mask.squeeze(0)
    return replace(one, operator=replace(one.operator, mask=columns))
