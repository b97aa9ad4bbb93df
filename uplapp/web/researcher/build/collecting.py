"""Results of the Restore tab, collected as the scenes of a study under construction."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.study.stimuli.drafts import Pictures
from uplapp.web.researcher.desk import Desk, Entry

LONGEST = 36  # of a scene's name, so that a number still fits
MOST = 200


@dataclass(frozen=True, eq=False)
class Results:
    """One finished restoration as files: its name, the clean picture if known, what each checkpoint made.

    `picked` is what was restored, as the page knows it: the file, the slice, and how it is read.
    """

    name: str
    reference: Path | None
    restored: Mapping[str, Path]
    labels: Mapping[str, str]
    picked: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Collected:
    """The scenes so far, and the names of their conditions on screen."""

    scenes: tuple[Pictures, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


def build(desk: Desk, latest: gr.State, collected: gr.State) -> None:
    """Lay out the button below the results of the Restore tab. Only a researcher sees it."""
    with gr.Column(visible=False) as shown:
        add = gr.Button("Make a study of these results", elem_id="collect")
        said = gr.Markdown()

    def take(entry: Entry, latest: Results | None, collected: Collected) -> tuple[Collected, str]:
        now = added(collected, latest)
        return (
            now,
            f"{summary(now)}\n\nRestore another picture and add it, or go on at Study, Researcher, Build.",
        )

    desk.on(add.click, take, [latest, collected], [collected, said])
    desk.entry.change(
        lambda entry: (gr.update(visible=isinstance(entry, Entry)), ""),
        desk.entry,
        [shown, said],
        api_visibility="private",
    )


def added(collected: Collected, latest: Results | None) -> Collected:
    """Add one scene. UplappError if there is no result to add."""
    if latest is None or not latest.restored:
        raise UplappError("nothing is restored yet; press Restore first")
    if latest.reference is None:
        raise UplappError(
            "a picture that came noisy has no clean reference; a study needs one in every scene"
        )
    if len(collected.scenes) >= MOST:
        raise UplappError(f"a study from here has at most {MOST} scenes; use folders for a larger one")
    name = _unused(latest.name, [pictures.scene for pictures in collected.scenes])
    scene = Pictures(name, latest.reference, latest.restored)
    labels = dict(collected.labels) | dict(latest.labels)
    return Collected((*collected.scenes, scene), tuple(labels.items()))


def summary(collected: Collected) -> str:
    """What is collected, in a line."""
    if not collected.scenes:
        return "Nothing is collected yet: restore a picture, then press **Make a study of these results**."
    scenes = ", ".join(escape(pictures.scene) for pictures in collected.scenes)
    labels = ", ".join(escape(label) for _, label in collected.labels)
    return f"**{len(collected.scenes)}** collected: {scenes} ({labels})"


def _unused(name: str, taken: Sequence[str]) -> str:
    """A scene's name made of a file's: plain characters, unlike all others whatever their case."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:LONGEST] or "picture"
    plain = f"scene-{plain}"[:LONGEST] if plain.lower() == "reference" else plain
    others = {other.lower() for other in taken}
    names = (plain if place == 1 else f"{plain}-{place}" for place in range(1, MOST + 2))
    return next(candidate for candidate in names if candidate.lower() not in others)
