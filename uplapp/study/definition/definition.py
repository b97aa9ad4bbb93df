"""A study as its author wrote it: `studies/<name>/study.toml`, read, checked and frozen."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from uplapp.errors import BadStudy
from uplapp.study.definition.fields import check_keys, check_name, named, read_table
from uplapp.study.definition.protocol import (
    CONSENT,
    RATING_CONSENT,
    SCALES,
    Access,
    Completion,
    Consent,
    Criterion,
    Protocol,
    Question,
    Rating,
    Render,
    Scene,
    Translation,
)
from uplapp.values import Condition

RESERVED = ("api", "static")  # these are addresses beside the study's own
LAYOUTS = ("auto", "side_by_side", "in_place")
QUESTIONS = ("text", "number", "choice")
REFERENCES = ("shown", "hidden")
LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True)
class Definition:
    """A whole study, frozen; its name is the name of its folder.

    Observers compare pairs of flickers or, with `rating`, rate one image at a time.
    """

    name: str
    title: str
    conditions: tuple[Condition, ...]
    scenes: tuple[Scene, ...]
    protocol: Protocol = field(default_factory=Protocol)
    consent: Consent = field(default_factory=Consent)
    render: Render | None = None
    rating: Rating | None = None
    access: Access = field(default_factory=Access)
    completion: Completion = field(default_factory=Completion)
    questions: tuple[Question, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every unordered pair of condition names."""
        return tuple(combinations([condition.name for condition in self.conditions], 2))

    @property
    def main_trials(self) -> int:
        """Main trials that one observer answers."""
        return self.comparisons * self.protocol.orders

    @property
    def comparisons(self) -> int:
        """What one observer judges: pairs in scenes or, in a rating study, single images."""
        every = len(self.scenes) * len(self.conditions if self.rating else self.pairs)
        return min(every, self.protocol.subset or every)

    @property
    def languages(self) -> tuple[str, ...]:
        """Those an observer can choose, the study's own first."""
        return (self.protocol.language, *(entry.language for entry in self.translations))


def load(folder: Path) -> Definition:
    """Read and check `folder/study.toml`; BadStudy says which key is wrong and what is allowed."""
    path = folder / "study.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadStudy(f"no study.toml in {folder}; a study is a folder with a study.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadStudy(f"{path} is not valid TOML: {error}") from None
    return parse(raw, folder.name, str(path))


def parse(raw: Mapping[str, Any], name: str, where: str) -> Definition:
    """Turn the tables of a study.toml into a checked Definition; `where` names them in errors."""
    check_name(name, "study", where)
    if name in RESERVED:
        raise BadStudy(f"{where}: a study cannot be called '{name}'; choose another folder name")
    allowed = {entry.name for entry in fields(Definition)} - {"name"}
    check_keys(raw, allowed, {"title", "conditions", "scenes"}, where)
    if not isinstance(raw["title"], str):
        raise BadStudy(f"{where}: title = {raw['title']!r} must be a text")
    definition = Definition(
        name=name,
        title=raw["title"],
        conditions=named(Condition, raw["conditions"], f"{where}: conditions"),
        scenes=named(Scene, raw["scenes"], f"{where}: scenes"),
        protocol=read_table(Protocol, raw.get("protocol", {}), f"{where}: protocol"),
        consent=_consent(raw, f"{where}: consent"),
        render=read_table(Render, raw["render"], f"{where}: render") if "render" in raw else None,
        rating=_rating(raw["rating"], f"{where}: rating") if "rating" in raw else None,
        access=read_table(Access, raw.get("access", {}), f"{where}: access"),
        completion=read_table(Completion, raw.get("completion", {}), f"{where}: completion"),
        questions=named(Question, raw["questions"], f"{where}: questions") if "questions" in raw else (),
        translations=_translations(raw.get("translations", []), f"{where}: translations"),
    )
    _check(definition, where)
    return definition


def _consent(raw: Mapping[str, Any], where: str) -> Consent:
    consent = read_table(Consent, raw.get("consent", {}), where)
    if "rating" in raw and consent.text == CONSENT:
        return replace(consent, text=RATING_CONSENT)
    return consent


def _rating(raw: object, where: str) -> Rating:
    if not isinstance(raw, Mapping):
        raise BadStudy(f"{where} must be a table")
    check_keys(raw, {"criteria", "reference"}, {"criteria"}, where)
    rating = Rating(named(Criterion, raw["criteria"], f"{where}: criteria"), raw.get("reference", "shown"))
    _choose(rating.reference, "reference", REFERENCES, where)
    for criterion in rating.criteria:
        _choose(criterion.scale, "scale", tuple(SCALES), f"{where} '{criterion.name}'")
        if criterion.labels and not 2 <= len(criterion.labels) <= 11:
            raise BadStudy(f"{where} '{criterion.name}': a scale has 2 to 11 labels")
    labelled = {(row.name.lower(), len(row.labels)) for row in rating.criteria if row.labels}
    if len(labelled) > len({name for name, _ in labelled}):
        raise BadStudy(f"{where}: rows of one criterion need the same number of labels")
    return rating


def _translations(raw: object, where: str) -> tuple[Translation, ...]:
    if not isinstance(raw, list):
        raise BadStudy(f"{where} must be tables, each with a language")
    return tuple(read_table(Translation, row, where) for row in raw)


def _check(definition: Definition, where: str) -> None:
    protocol = definition.protocol
    if len(definition.conditions) < 2 and not definition.rating:
        raise BadStudy(f"{where}: a study compares at least 2 conditions, this one has 1")
    _choose(protocol.layout, "layout", LAYOUTS, where)
    if not re.fullmatch(r"all|(random|adaptive):[1-9][0-9]{0,3}", protocol.pairs):
        raise BadStudy(
            f"{where}: pairs '{protocol.pairs}' is unknown; "
            'write "all", "random:N" or "adaptive:N", N from 1 to 9999'
        )
    if protocol.adaptive and (protocol.orders == 2 or definition.rating):
        what = "a rating study" if definition.rating else "orders = 2"
        raise BadStudy(f'{where}: {what} needs pairs that are planned; write "all" or "random:N"')
    if definition.rating and (protocol.orders == 2 or protocol.not_sure):
        raise BadStudy(f"{where}: orders = 2 and not_sure are for pairs, not for ratings")
    for scene in definition.scenes:
        if scene.crop and (len(scene.crop) != 4 or min(scene.crop) < 0):
            raise BadStudy(f"{where}: crop of scene '{scene.name}' must be [top, left, height, width]")
    _check_times(protocol, where)
    _check_texts(definition, where)


def _check_times(protocol: Protocol, where: str) -> None:
    for name in ("max_view_ms", "answer_timeout_ms"):
        limit = getattr(protocol, name)
        least = max(protocol.min_view_ms, 4 * protocol.phase_ms)
        if 0 < limit < least:
            raise BadStudy(f"{where}: {name} = {limit:g} must be 0 (no limit) or at least {least:g}")


def _check_texts(definition: Definition, where: str) -> None:
    languages = definition.languages
    for language in languages:
        if not LANGUAGE.fullmatch(language) or languages.count(language) > 1:
            raise BadStudy(f"{where}: language '{language}' must be two letters, each language once")
    rows: list[Question | Criterion] = [*definition.questions]
    rows += definition.rating.criteria if definition.rating else ()
    for row in rows:
        _choose(row.language, "language", ("", *languages), f"{where}: '{row.name}'")
    for question in definition.questions:
        _choose(question.kind, "kind", QUESTIONS, f"{where}: question '{question.name}'")
        if (question.kind == "choice") != (len(question.options) >= 2):
            raise BadStudy(f"{where}: question '{question.name}': only a choice has options, 2 or more")
    redirect = definition.completion.redirect
    if redirect and not re.fullmatch(r"https://[^\s\"'<>\\]{1,500}", redirect):
        raise BadStudy(f"{where}: redirect = {redirect!r} must be an https:// address")


def _choose(value: object, what: str, allowed: tuple[str, ...], where: str) -> None:
    if value not in allowed:
        raise BadStudy(f"{where}: {what} '{value}' is unknown; choose one of: {', '.join(allowed)}")
