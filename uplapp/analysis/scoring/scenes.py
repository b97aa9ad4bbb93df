"""Scores of every scene by itself."""

from uplapp.analysis.reading.comparisons import count
from uplapp.analysis.reading.votes import of_scene, scenes
from uplapp.analysis.scoring.analyse import analyse
from uplapp.errors import Cancelled, UplappError
from uplapp.values import Method, Scores, Votes, Watch


def analyse_scenes(
    votes: Votes,
    method: Method = Method(),  # noqa: B008 - frozen
    watch: Watch | None = None,
) -> dict[str, Scores]:
    """Score each scene of the main trials as a study of its own, scenes in order of their names.

    Zero is the mean, or the anchor, of each scene: compare differences across scenes, not scores. `watch`
    hears of the replicates of all scenes together. Raises UplappError that names the scene, where the anchor
    was not shown in it.
    """
    names = scenes(votes)
    found = {}
    for place, name in enumerate(names):
        shifted = _shifted(watch, place * method.bootstraps, len(names) * method.bootstraps)
        try:
            found[name] = analyse(count(of_scene(votes, name)), method, shifted)
        except Cancelled:  # by whoever watches
            raise
        except UplappError as error:
            raise UplappError(f"scene '{name}': {error}") from None
    return found


def _shifted(watch: Watch | None, before: int, total: int) -> Watch | None:
    if watch is None:
        return None
    return lambda done, _: watch(before + done, total)
