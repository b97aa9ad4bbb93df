"""`python -m uplapp sis`: what a segmenter still finds in the reconstructions of labelled slices."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.commands.options import (
    METHOD,
    NO_CONSISTENCY,
    SET,
    candidates_of,
    degradation_of,
    with_degradation_options,
)
from uplapp.errors import Cancelled, UplappError
from uplapp.plain import to_json
from uplapp.settings import Settings
from uplapp.workflows.training import stopping

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.evaluation.candidates import Candidate
    from uplapp.imaging.files.labelled import LabelledSlices

DATA = typer.Option(help="Folder of .npz files: image or flair, label or mask, perhaps patient.")
EVERY = typer.Option("--all-patients", help="Score those that the segmenter learned from too.")
# What runs where nothing is named, beside the checkpoints.
METHODS = ("zero_filled", "tv", "dlmri")
INTERRUPTED = 130


@with_degradation_options()
def sis(
    data: Annotated[Path, DATA],
    checkpoint: Annotated[
        list[str] | None, typer.Option("-c", "--checkpoint", help="A checkpoint; may be given again.")
    ] = None,
    method: Annotated[list[str] | None, METHOD] = None,
    settings: Annotated[list[str] | None, SET] = None,
    no_consistency: Annotated[bool, NO_CONSISTENCY] = False,
    every: Annotated[bool, EVERY] = False,
    lpips: Annotated[str, typer.Option(help="Backbone of LPIPS: alex, squeeze or vgg.")] = "squeeze",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    *,
    degradation: Mapping[str, Any],
) -> None:
    """Undersample labelled MR slices, reconstruct them, print what a segmenter still finds (SIS).

    The Dice of the segmenter's output and the labels, over that on the fully sampled image; its errors
    resample patients. Without names zero filling, total variation, dictionaries and all checkpoints run.

    Example: python -m uplapp sis --data labelled --acceleration 8 --mask random --json
    """
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.evaluation.candidates import labels_of
    from uplapp.imaging.evaluation.semantic import TASK, score_methods
    from uplapp.imaging.evaluation.text import format_semantic

    checkpoints, line = Checkpoints(Settings.from_env().models), _Line()
    chosen = degradation_of(TASK, degradation)
    candidates = _candidates(checkpoints, checkpoint or [], method or [], settings or [], not no_consistency)
    patients = _patients(data, checkpoints, every)
    try:
        with stopping([line]):
            table = score_methods(patients, candidates, checkpoints, chosen, lpips, line)
    except Cancelled as stop:
        print(stop, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from stop
    for warning in table.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if as_json:
        print(to_json(asdict(table)))
        return
    print(f"{table.degradation}, LPIPS by {lpips}\n\n{format_semantic(table, labels_of(candidates))}")


def _candidates(
    checkpoints: "Checkpoints",
    names: Sequence[str],
    methods: Sequence[str],
    settings: Sequence[str],
    consistency: bool,
) -> "list[Candidate]":
    from uplapp.imaging.evaluation.semantic import TASK
    from uplapp.imaging.restorers import RESTORERS

    cards = [checkpoints.find(name) for name in names]
    for card in cards:
        if card.task != TASK:
            raise UplappError(
                f"checkpoint '{card.name}' is for {card.task}, and labelled slices are for {TASK}"
            )
    if not names and not methods:
        cards, methods = checkpoints.cards(TASK), [name for name in METHODS if name in RESTORERS]
    of_methods = candidates_of(checkpoints, [], consistency, methods, settings)
    return [*of_methods, *candidates_of(checkpoints, cards, consistency, [], [])]


def _patients(folder: Path, checkpoints: "Checkpoints", every: bool) -> "list[LabelledSlices]":
    """Read the patients to score. Files without labels, and patients left out, are named on stderr."""
    from uplapp.imaging.evaluation.semantic import TASK, unseen
    from uplapp.imaging.tasks.labelled import read_patients

    patients, reasons = read_patients(folder)
    for reason in reasons.values():
        print(f"skipped: {reason}", file=sys.stderr)
    if not patients:
        raise UplappError(f"{folder} holds no labelled slices; .npz files with images and labels are read")
    new, learned = unseen(patients, checkpoints.segmenters(TASK))
    if every or not learned:
        return patients
    names = ", ".join(one.patient for one in learned)
    print(f"left out, the segmenter learned from them: {names}", file=sys.stderr)
    if not new:
        raise UplappError(f"the segmenter learned from every patient of {folder}; give --all-patients")
    return new


class _Line:
    """One line on stderr that counts slices. `stopped` says that somebody asked to stop."""

    def __init__(self) -> None:
        self.stopped = False

    def __call__(self, done: int, total: int) -> bool:
        """Show the count, and return whether to go on."""
        print(f"{done} of {total} slices", end="\n" if done == total else "\r", file=sys.stderr)
        return not self.stopped
