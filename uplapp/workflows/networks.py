"""Networks of the Hub: from a repository into the folder of added networks."""

from uplapp.hub import networks as hub
from uplapp.imaging.checkpoints import MAX_BYTES, MAX_CARD_BYTES, Card, Checkpoints, adding
from uplapp.values import Watch

LARGEST = {hub.CARD: MAX_CARD_BYTES, hub.WEIGHTS: MAX_BYTES}


def add_from_hub(
    checkpoints: Checkpoints,
    repo: str,
    name: str = "",
    file: str = "",
    watch: Watch | None = None,
    endpoint: str | None = None,
) -> Card:
    """Add a network of a model's repository, its commit in the card. Raises as `hub.find` and `adding.add`.

    The card is checked before the weights are fetched; `watch` hears of their bytes.
    """
    offer = hub.find(repo, LARGEST, file, endpoint)
    card = hub.download(offer, offer.card, endpoint=endpoint)
    adding.describe(checkpoints, card, name)
    weights = hub.download(offer, offer.weights, watch, endpoint)
    if watch is not None:
        watch(len(weights), len(weights))  # the last moment to stop
    return adding.add(checkpoints, card, weights, name, {"hub": offer.repo, "revision": offer.revision})
