"""The candidates that restore a case: checkpoints and methods, each with a name and a label."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from uplapp.described import options_of
from uplapp.errors import UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.checkpoints import NETWORK, SEGMENT, Card, Checkpoints, label
from uplapp.imaging.restorers import PUT_BACK, RESTORERS, NetworkRestorer, RefinedRestorer, Restorer
from uplapp.imaging.tasks import TASKS


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to restore: `name` in files and tables, `label` on screen, and what builds its restorer.

    `method` is a name in RESTORERS, `card` the card of a checkpoint, `options` belong to a method, and
    `consistency` says whether measured data replace what a network says of them.
    """

    name: str
    label: str
    method: str
    build: Callable[[], Restorer]
    card: Card | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    consistency: bool | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts about the candidate for tables and provenance."""
        return {
            "method": self.method,
            "checkpoint": self.card.name if self.card else None,
            "loss": self.card.loss if self.card else None,
            "consistency": self.consistency,
        }


def of_cards(checkpoints: Checkpoints, cards: Sequence[Card], consistency: bool = True) -> list[Candidate]:
    """Make candidates of checkpoints, with the measured data put back where there are any but pixels."""
    labels = label(cards)
    return [_of_card(checkpoints, card, labels[card.name], consistency) for card in cards]


def of_methods(
    names: Sequence[str], settings: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Candidate]:
    """Make candidates of methods by their names, with their options by name.

    A wrong option is refused.
    """
    candidates = []
    for name in names:
        if RESTORERS[name].kind == NETWORK:
            raise UplappError(f"'{name}' needs a checkpoint; name one instead")
        options = (settings or {}).get(name, {})
        RESTORERS.build(name, **options)
        build = partial(RESTORERS.build, name, **options)
        candidates.append(Candidate(name, RESTORERS[name].label, name, build, options=options))
    return candidates


def methods_of(task: str) -> list[str]:
    """List the methods that need no checkpoint and take the measurements of a task."""
    row = TASKS[task]
    return [
        name
        for name, entry in RESTORERS.items()
        if entry.kind != NETWORK and entry.takes(row.degrading.operator, row.axes)
    ]


def settings_of(names: Sequence[str], settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give each method its options among texts `key=value` or `method.key=value`.

    A key goes to every method that has it; one that no method has is refused.
    """
    options: dict[str, dict[str, Any]] = {name: {} for name in names}
    for text in settings:
        key, equals, value = text.partition("=")
        method, _, option = key.rpartition(".")
        takers = [name for name in names if option in _options(name) and method in ("", name)]
        if not equals or not takers:
            choices = ", ".join(f"{name}.{key}" for name in names for key in _options(name)) or "none"
            raise UplappError(f"'--set {text}' sets nothing here; the options are: {choices}, as key=value")
        for name in takers:
            options[name][option] = _options(name)[option].parse(value)
    return options


def require_unique(candidates: Sequence[Candidate]) -> None:
    """Refuse two candidates of one name, whose results would overwrite each other."""
    count = Counter(candidate.name for candidate in candidates)
    twice = next((name for name, times in count.items() if times > 1), None)
    if twice is not None:
        raise UplappError(f"'{twice}' is chosen twice; choose it once")


def require_fit(candidate: Candidate, case: Case) -> None:
    """Refuse a checkpoint of another task, and a method that does not take the measurement of a case."""
    if candidate.card is not None and candidate.card.task != case.task:
        raise UplappError(
            f"checkpoint '{candidate.name}' is not for the task '{case.task}'; choose one that is"
        )
    kind, entry = case.measurement.operator.kind, RESTORERS[candidate.method]
    if not entry.takes(kind, case.seen.ndim - 1):
        raise UplappError(
            f"'{candidate.name}' restores from {' or '.join(entry.operators)}, "
            f"and {case.name} was measured as {kind}; choose another method"
        )


def labels_of(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Give the labels of candidates by name.

    Where two labels are alike the name is added.
    """
    count = Counter(one.label for one in candidates)
    return {
        one.name: one.label if count[one.label] == 1 else f"{one.label} ({one.name})" for one in candidates
    }


def _options(method: str) -> dict[str, Any]:
    return {one.name: one for one in options_of(RESTORERS[method].build)}


def _of_card(checkpoints: Checkpoints, card: Card, text: str, consistency: bool) -> Candidate:
    if card.purpose == SEGMENT:
        raise UplappError(
            f"checkpoint '{card.name}' segments images and restores none; the command sis judges by it"
        )
    if card.kind != NETWORK:
        build = partial(RESTORERS.build, card.kind, **card.options)
        return Candidate(card.name, text, card.kind, build, card, card.options)
    measured = TASKS[card.task].degrading.operator in PUT_BACK

    load = partial(_load, checkpoints, card, consistency)
    return Candidate(card.name, text, NETWORK, load, card, consistency=consistency if measured else None)


def _load(checkpoints: Checkpoints, card: Card, consistency: bool) -> Restorer:
    base = checkpoints.base_of(card)
    network, precision = checkpoints.kept(card), checkpoints.precision
    if base is None:
        return NetworkRestorer(network, consistency, precision)
    return RefinedRestorer(NetworkRestorer(checkpoints.kept(base), consistency, precision), network)
