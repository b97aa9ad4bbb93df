"""Networks that stay loaded: those that were used last, within a limit of memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from torch import nn

MOST_BYTES = 1_000_000_000


class Kept:
    """Loaded networks by what they were loaded from, safe to use from several threads.

    They are shared, so whoever gets one leaves its weights as they are. Those that were not used for longest
    go once all together take more than `most_bytes`; the one used last always stays.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self._lock = most_bytes, threading.Lock()
        self._networks: OrderedDict[Hashable, nn.Module] = OrderedDict()

    def get(self, key: Hashable, load: Callable[[], nn.Module]) -> nn.Module:
        """Give the network of a key, loaded by `load` where it is not kept."""
        with self._lock:
            network = self._networks.get(key)
            if network is not None:
                self._networks.move_to_end(key)
                return network
        network = load()
        with self._lock:
            self._networks[key] = network
            while len(self._networks) > 1 and self.bytes > self.most_bytes:
                self._networks.popitem(last=False)
        return network

    @property
    def bytes(self) -> int:
        """The memory of all that is kept."""
        return sum(map(bytes_of, self._networks.values()))


def bytes_of(network: nn.Module) -> int:
    """Count the bytes of a network's parameters and buffers."""
    return sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())


KEPT = Kept()
