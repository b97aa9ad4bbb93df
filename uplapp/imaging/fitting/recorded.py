"""Steps on a GPU, recorded once and replayed: a small network waits for launches, not for arithmetic."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Made = tuple[Tensor, Tensor]
Step = Callable[[Tensor], Made]
EAGER = 3  # steps before the recording, in which libraries choose their algorithms and optimisers their state


class Recorded:
    """Steps that share nothing, from inputs to images and losses, whose shapes never change.

    On a GPU they run beside each other in one recording; on a processor in turn, as its time goes into
    memory. Source: PyTorch, CUDA graphs, whole-network capture.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps, self.done = steps, 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, given: Sequence[Tensor]) -> list[Made]:
        """Take all steps. What they made is the caller's own."""
        if not given[0].is_cuda:
            return [step(one) for step, one in zip(self.steps, given, strict=True)]
        self.done += 1
        if self.done <= EAGER:
            return self._beside(given)
        if self.graph is None:
            self._record(given)
        assert self.graph is not None
        for place, one in zip(self.given, given, strict=True):
            place.copy_(one)
        self.graph.replay()
        return [(image.clone(), loss.clone()) for image, loss in self.made]

    def _record(self, given: Sequence[Tensor]) -> None:
        self.graph, self.given = torch.cuda.CUDAGraph(), [one.clone() for one in given]
        # Another thread may use the GPU meanwhile.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.made = self._beside(self.given)

    def _beside(self, given: Sequence[Tensor]) -> list[Made]:
        """Take each step on a stream of its own, and wait for all."""
        here, made = torch.cuda.current_stream(), []
        streams = [torch.cuda.Stream() for _ in given]  # type: ignore[no-untyped-call]
        for step, one, stream in zip(self.steps, given, streams, strict=True):
            stream.wait_stream(here)
            with torch.cuda.stream(stream):
                made.append(step(one))
        for stream in streams:
            here.wait_stream(stream)
        return made
