"""The processes that train one network together, each on a device of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.device import pick_device

MISSING = (
    "training in several processes needs accelerate; install uplapp with its extra: pip install '.[train]'"
)


@dataclass(frozen=True)
class Team:
    """A team of `size` processes of which this one is number `rank`, on `device`.

    A process is alone unless several were launched together. What is added up over a team of one stays as it
    is, so that one code trains on one device and on many.
    """

    device: torch.device
    rank: int = 0
    size: int = 1
    accelerator: Any = None

    @classmethod
    def gather(cls) -> "Team":
        """Gather the processes that `accelerate launch` or `torchrun` started, or this one alone.

        A process alone takes its best device.
        """
        try:
            from accelerate import Accelerator  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            if torch.distributed.is_torchelastic_launched():
                raise UplappError(MISSING) from None
            return cls(pick_device())
        # The recipe sets the precision. Without a GPU processes must be made to meet on the processor.
        accelerator = Accelerator(mixed_precision="no", cpu=not torch.cuda.is_available())
        return cls(accelerator.device, accelerator.process_index, accelerator.num_processes, accelerator)

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """Give the part of a batch (B,...) that falls to this process, on its device.

        The part must hold an image.
        """
        if len(batch) < self.size:
            raise UplappError(f"a batch of {len(batch)} cannot be shared by {self.size} processes")
        return batch.tensor_split(self.size)[self.rank].to(self.device)

    def add_up(self, parts: Iterable[Tensor]) -> None:
        """Replace tensors on the device, of any shapes, by their sums over the team, in one message."""
        tensors = list(parts)
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().flatten().float() for tensor in tensors])
        total = self.accelerator.reduce(flat, reduction="sum")
        sizes = [tensor.numel() for tensor in tensors]
        for tensor, part in zip(tensors, total.split(sizes), strict=True):
            tensor.detach().copy_(part.view(tensor.shape))

    def agree(self, go_on: bool) -> bool:
        """Whether every process wants to go on."""
        if self.size == 1:
            return go_on
        vetoes = torch.tensor(float(not go_on), device=self.device)
        self.add_up([vetoes])
        return not vetoes.item()
