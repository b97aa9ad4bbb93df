"""Whatever else a study.toml can say, written as TOML below the form's fields."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

import gradio as gr

from uplapp.errors import BadStudy
from uplapp.study.definition import (
    PANELS,
    Access,
    Completion,
    Consent,
    Criterion,
    Definition,
    Panel,
    Protocol,
    Question,
    Rating,
    Retention,
    Translation,
    parse,
)
from uplapp.study.session import panel

TABLES: Mapping[str, type] = {
    "protocol": Protocol,
    "consent": Consent,
    "access": Access,
    "completion": Completion,
    "panel": Panel,
    "retention": Retention,
    "questions": Question,
    "translations": Translation,
    "rating": Rating,
}
LISTS = ("questions", "translations", "rating.criteria")
ALLOWED = ", ".join(f"[{name}]" for name in TABLES)
STAND_IN = {"title": "-", "conditions": [{"name": "a", "label": "a"}, {"name": "b", "label": "b"}]}
STAND_IN |= {"scenes": [{"name": "a"}]}  # the pictures bring the real ones
EXAMPLE = """[protocol]
answer_timeout_ms = 60000

[consent]
version = "2"
text = "You agree to ..."

[[questions]]
name = "age"
text = "How old are you?"
kind = "number"

[[translations]]
language = "de"
title = "Welches Bild ändert sich weniger?"
"""
ABOUT = """Keys of [protocol] and [consent] go over the fields above one by one; any other table replaces what
they say."""
LONG = 60  # characters of a text in the facts


def build() -> gr.Textbox:
    """Lay out the box, folded."""
    with gr.Accordion("More, as in study.toml", open=False, elem_id="more"):
        text = gr.Textbox(label="TOML", placeholder=EXAMPLE, lines=8, max_lines=30, max_length=50_000)
        gr.Markdown(f"{ABOUT} The keys, with their defaults:\n\n{keys()}\n\n{panels()}")
    return text


def keys() -> str:
    """A list in Markdown, a line a table: the keys it knows, each with its default if that is short."""
    kinds = {**TABLES, "rating.criteria": Criterion}
    heads = {name: f"[[{name}]]" if name in LISTS else f"[{name}]" for name in kinds}
    return "\n".join(f"- `{heads[name]}` {', '.join(_keys(kind))}" for name, kind in kinds.items())


def panels() -> str:
    """A table in Markdown: how a study says where its people come from, and the address to enter there."""
    rows = [
        f'| `[panel]` `name = "{name}"` | `{panel.entry(Panel(name), "https://HOST/study/NAME")}` |'
        for name in PANELS
    ]
    return "\n".join(["| People come from | Address to enter there |", "|---|---|", *rows])


def merged(tables: Mapping[str, Any], text: object) -> dict[str, Any]:
    """Lay the tables of the box over the tables of the form, or raise BadStudy with the line."""
    if text is not None and not isinstance(text, str):
        raise BadStudy("More, as in study.toml must be a text")
    if not text or not text.strip():
        return dict(tables)
    own = _read(text)
    both = {**tables, **own}
    for name in ("protocol", "consent"):
        if isinstance(own.get(name), Mapping):
            both[name] = {**(tables[name] or {}), **own[name]}
    try:
        parse({**STAND_IN, **{key: table for key, table in both.items() if table is not None}}, "a", "More")
    except BadStudy as error:
        raise BadStudy(f"{error}{_line(text, str(error))}") from None
    return both


def deviations(definition: Definition) -> list[str]:
    """What a study says beyond its title and pictures that is not the default, a key a text."""
    parts: tuple[tuple[str, Any], ...] = (
        ("protocol", definition.protocol),
        ("consent", definition.consent),
        ("access", definition.access),
        ("completion", definition.completion),
        ("panel", definition.panel),
        ("retention", definition.retention),
    )
    lines = [f"{name}.{key} = {value}" for name, part in parts for key, value in _changed(part)]
    lines += [f"question '{row.name}': {row.text}" for row in definition.questions]
    for row in definition.translations:
        lines.append(f"also in '{row.language}'" + (f": {row.title}" if row.title else ""))
    if definition.rating:
        lines += [f"rated: {row.name} ({row.scale}), {row.question}" for row in definition.rating.criteria]
        lines.append(f"rating.reference = {definition.rating.reference}")
    return lines


def _read(text: str) -> dict[str, Any]:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = f"{error}".replace("end of document", f"line {len(text.splitlines())}")
        raise BadStudy(f"More is not valid TOML: {reason}") from None
    except (ValueError, RecursionError):
        raise BadStudy("More is not valid TOML: a number is too long, or a list nested too deep") from None
    for key in raw:
        if key not in TABLES:
            place = _line(text, f"'{key}'")
            raise BadStudy(f"More: '{key}' is not possible there; allowed: {ALLOWED}{place}")
    return raw


def _line(text: str, sentence: str) -> str:
    """Find the line of the box that a sentence is about, as far as it can be found."""
    table, heads = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[+\s*([A-Za-z_.-]+)\s*\]", line):
            table = head[1]
            if not heads and re.search(rf"\b{re.escape(table)}\b", sentence):
                heads = f" (line {number})"
        key = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
        if key and table.partition(".")[0] in sentence and _names(sentence, key[1]):
            return f" (line {number})"
    return heads


def _names(sentence: str, key: str) -> bool:
    return re.search(rf"'{re.escape(key)}'|\b{re.escape(key)} = ", sentence) is not None


def _keys(kind: type) -> Iterator[str]:
    for entry in fields(kind):
        short = entry.default is not MISSING and entry.default != () and len(f"{entry.default}") < LONG
        yield f"{entry.name} = {json.dumps(entry.default)}" if short else entry.name


def _changed(part: Any) -> Iterator[tuple[str, str]]:
    for entry in fields(part):
        value = getattr(part, entry.name)
        if value != entry.default:
            text = f"{value:g}" if isinstance(value, float) else f"{value}"
            yield entry.name, text if len(text) <= LONG else f"{text[:LONG]} ..."
