"""A study as its author wrote it in `studies/<name>/study.toml`, checked and frozen."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from uplapp.errors import BadStudy
from uplapp.study.definition.presets import FORMER_CONSENTS, PAIRS, RATING, consent, placed
from uplapp.study.definition.protocol import (
    OTHER,
    PANELS,
    PLACES,
    Access,
    Completion,
    Consent,
    Criterion,
    Panel,
    Protocol,
    Question,
    Rating,
    Render,
    Retention,
    Scene,
    Translation,
)
from uplapp.typed import Place, check_keys, read
from uplapp.values import REFERENCE, Condition

RESERVED = ("api", "static")  # these are addresses beside the study's own
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
Named = Condition | Scene | Question | Criterion
LANGUAGE = re.compile(r"[a-z]{2}")
SECONDS_A_TRIAL = 7.0  # two seconds of flicker, a choice and the way to the next: an estimate
SECONDS_AN_IMAGE, SECONDS_A_CRITERION = 3.0, 4.0  # to look, and to rate: estimates as well


@dataclass(frozen=True)
class Definition:
    """A whole study under the name of its folder.

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
    panel: Panel = field(default_factory=Panel)
    retention: Retention = field(default_factory=Retention)
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
    def trials(self) -> int:
        """All that one observer answers: practice, main, catch and repeat trials."""
        protocol = self.protocol
        return self.main_trials + protocol.practice + protocol.catch + protocol.repeats

    @property
    def minutes(self) -> float:
        """Estimate how long an observer takes, from the number of trials and of criteria."""
        criteria = {entry.name for entry in self.rating.criteria} if self.rating else ()
        each_s = SECONDS_AN_IMAGE + SECONDS_A_CRITERION * len(criteria) if criteria else SECONDS_A_TRIAL
        return round(self.trials * each_s / 60, 1)

    @property
    def comparisons(self) -> int:
        """What one observer judges: pairs in scenes or, in a rating study, single images."""
        every = len(self.scenes) * len(self.conditions if self.rating else self.pairs)
        return min(every, self.protocol.subset or every)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that an observer can choose, the study's own first."""
        return (self.protocol.language, *(entry.language for entry in self.translations))

    def title_in(self, language: str) -> str:
        """The title in one of the languages, the study's own where that has none."""
        return self._translation(language).title or self.title

    def consent_in(self, language: str) -> str:
        """The consent text in one of the languages: translated, the study's own, or the standard.

        What the consent says of purpose, contact, retention and questions follows it.
        """
        spoken = self._translation(language)
        own = spoken.consent or self.consent.text
        translated = {name: text for name in PLACES if (text := getattr(spoken, name, ""))}
        return (own or consent(self.rating is not None, language)) + placed(
            {**vars(self.consent), **translated}, language
        )

    def as_formerly(self) -> "Definition":
        """The study as versions up to 0.1 hashed it: the consent text not written out in each language."""
        text = self.consent.text or FORMER_CONSENTS[RATING if self.rating else PAIRS]
        return replace(self, consent=replace(self.consent, text=text))

    def with_consents(self, texts: Mapping[str, str] | None = None) -> "Definition":
        """The same study with its consent text written out in each language, or with the given `texts`."""
        texts = texts or {language: self.consent_in(language) for language in self.languages}
        rows = tuple(
            Translation(row.language, row.title, consent=texts[row.language]) for row in self.translations
        )
        own = Consent(version=self.consent.version, text=texts[self.protocol.language])
        return replace(self, consent=own, translations=rows)

    def _translation(self, language: str) -> Translation:
        rows = {row.language: row for row in self.translations}
        return rows.get(language, Translation(language))


def load(folder: Path) -> Definition:
    """Read and check `folder/study.toml`. BadStudy says which key is wrong and what is allowed."""
    path = folder / "study.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadStudy(f"no study.toml in {folder}; a study is a folder with a study.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadStudy(f"{path} is not valid TOML: {error}") from None
    return parse(raw, folder.name, str(path))


def parse(raw: Mapping[str, Any], name: str, where: str) -> Definition:
    """Turn the tables of a study.toml into a checked Definition. `where` names them in errors."""
    check_name(name, "study", where)
    if name in RESERVED:
        raise BadStudy(f"{where}: a study cannot be called '{name}'; choose another folder name")
    allowed = {entry.name for entry in fields(Definition)} - {"name"}
    check_keys(raw, allowed, {"title", "conditions", "scenes"}, Place(where, BadStudy))
    definition = read(Definition, {**_dated(raw), "name": name}, where, BadStudy)
    _check(definition, where)
    return definition


def _dated(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The tables, with dates of TOML as texts where there may be some."""
    tables = {name: raw[name] for name in ("access", "retention") if isinstance(raw.get(name), Mapping)}
    texts = {
        name: {key: str(value) if isinstance(value, date) else value for key, value in table.items()}
        for name, table in tables.items()
    }
    return {**raw, **texts}


def consents_of(said: Mapping[str, Any]) -> dict[str, str]:
    """The version, and the text in each language as people read it, from the definition in a manifest."""
    own = said["consent"]["text"]
    own = "" if own in FORMER_CONSENTS.values() else own
    texts = {said["protocol"].get("language", Protocol.language): own}
    texts |= {entry["language"]: entry["consent"] or own for entry in said.get("translations", [])}
    standard = {language: consent(bool(said.get("rating")), language) for language in texts}
    return {
        "version": said["consent"]["version"],
        **{key: text or standard[key] for key, text in texts.items()},
    }


def check_name(name: object, what: str, where: str) -> str:
    """Return the name if it can be that of a folder or a column. BadStudy says which names can."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.lower() == REFERENCE:
        raise BadStudy(
            f"{where}: {what} {name!r} cannot be used; write 1-40 letters, digits, _ or -, "
            f"beginning with a letter or digit, and not '{REFERENCE}'"
        )
    return name


def _check_names(rows: Sequence[Named], where: str) -> None:
    """Names differ in more than case, within one language if they have one."""
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (check_name(row.name, "name", where).lower(), getattr(row, "language", ""))
        if key in seen:
            raise BadStudy(f"{where}: '{row.name}' and '{seen[key]}' clash; names differ in more than case")
        seen[key] = row.name


def _check_rating(rating: Rating, where: str) -> None:
    if not rating.criteria:
        raise BadStudy(f"{where}: criteria must be one or more tables, each with a name")
    _check_names(rating.criteria, f"{where}: criteria")
    for criterion in rating.criteria:
        if criterion.labels and not 2 <= len(criterion.labels) <= 11:
            raise BadStudy(f"{where} '{criterion.name}': a scale has 2 to 11 labels")
    labelled = {(row.name.lower(), len(row.labels)) for row in rating.criteria if row.labels}
    if len(labelled) > len({name for name, _ in labelled}):
        raise BadStudy(f"{where}: rows of one criterion need the same number of labels")


def _check(definition: Definition, where: str) -> None:
    _check_rows(definition, where)
    _check_protocol(definition, where)
    _check_times(definition.protocol, where)
    _check_texts(definition, where)
    _check_dates(definition.access, where)


def _check_rows(definition: Definition, where: str) -> None:
    for part in ("conditions", "scenes", "questions"):
        rows = getattr(definition, part)
        if not rows and part != "questions":
            raise BadStudy(f"{where}: {part} must be one or more tables, each with a name")
        _check_names(rows, f"{where}: {part}")
    if definition.rating:
        _check_rating(definition.rating, f"{where}: rating")
    for scene in definition.scenes:
        if scene.crop and len(scene.crop) != 4:
            raise BadStudy(f"{where}: crop of scene '{scene.name}' must be [top, left, height, width]")


def _check_protocol(definition: Definition, where: str) -> None:
    protocol = definition.protocol
    if len(definition.conditions) < 2 and not definition.rating:
        raise BadStudy(f"{where}: a study compares at least 2 conditions, this one has 1")
    if not re.fullmatch(r"all|(random|adaptive):[1-9][0-9]{0,3}", protocol.pairs):
        raise BadStudy(
            f"{where}: pairs '{protocol.pairs}' is unknown; "
            'write "all", "random:N" or "adaptive:N", N from 1 to 9999'
        )
    if protocol.adaptive and (protocol.orders == 2 or definition.rating):
        what = "a rating study" if definition.rating else "orders = 2"
        raise BadStudy(f'{where}: {what} needs pairs that are planned; write "all" or "random:N"')
    of_pairs = ("orders", "not_sure", "both_bad", "steps", "catch_kind")
    if definition.rating and any(getattr(protocol, name) != getattr(Protocol, name) for name in of_pairs):
        what = f"{', '.join(of_pairs[:-1])} and {of_pairs[-1]}"
        raise BadStudy(f"{where}: {what} are for pairs, not for ratings")


def _check_times(protocol: Protocol, where: str) -> None:
    for name in ("max_view_ms", "answer_timeout_ms"):
        limit = getattr(protocol, name)
        least = max(protocol.min_view_ms, 4 * protocol.phase_ms)
        if 0 < limit < least:
            raise BadStudy(f"{where}: {name} = {limit:g} must be 0 (no limit) or at least {least:g}")


def _check_dates(access: Access, where: str) -> None:
    """Dates that can be read, the first before the last."""
    moments = []
    for name in ("opens", "closes"):
        written = getattr(access, name)
        try:
            moments.append(Access.moment(written))
        except ValueError:
            raise BadStudy(
                f'{where}: access: {name} = {written!r} is no date; write it as "2026-12-01 09:00" (UTC)'
            ) from None
    opens, closes = moments
    if opens is not None and closes is not None and closes <= opens:
        raise BadStudy(f"{where}: access: closes = '{access.closes}' must be later than opens")


def _check_texts(definition: Definition, where: str) -> None:
    languages = definition.languages
    for language in languages:
        if not LANGUAGE.fullmatch(language) or languages.count(language) > 1:
            raise BadStudy(f"{where}: language '{language}' must be two letters, each language once")
    rows: list[Question | Criterion] = [*definition.questions]
    rows += definition.rating.criteria if definition.rating else ()
    for row in rows:
        if row.language and row.language not in languages:
            allowed = ", ".join(languages)
            raise BadStudy(f"{where}: '{row.name}': language '{row.language}' must be one of: {allowed}")
    for question in definition.questions:
        if (question.kind == "choice") != (len(question.options) >= 2):
            raise BadStudy(f"{where}: question '{question.name}': only a choice has options, 2 or more")
    _check_recruiting(definition, where)
    _check_retention(definition, where)


def _check_recruiting(definition: Definition, where: str) -> None:
    panel = definition.panel
    if panel.name == OTHER and not panel.ids:
        raise BadStudy(f'{where}: panel name = "{OTHER}" needs ids, the names in its addresses')
    if panel.ids and not panel.name:
        raise BadStudy(f"{where}: panel ids need the name of the panel: {', '.join((*PANELS, OTHER))}")
    for name in panel.ids:
        if not NAME.fullmatch(name) or name in ("lang", "code") or panel.ids.count(name) > 1:
            raise BadStudy(f"{where}: panel id '{name}' must be 1-40 letters, digits, _ or -, and come once")
    _check_addresses(definition, where)


def _check_addresses(definition: Definition, where: str) -> None:
    panel = definition.panel
    for key, address in definition.completion.addresses.items():
        if not re.fullmatch(r"https://[^\s\"'<>\\]{1,500}", address):
            raise BadStudy(f"{where}: {key} = {address!r} must be an https:// address")
        allowed = [*panel.names, *(["code"] if key == "redirect" else [])]
        for name in re.findall(r"\{([^{}]*)\}", address) if panel.name or key != "redirect" else ():
            if name not in allowed:
                raise BadStudy(
                    f"{where}: {key}: {{{name}}} is unknown; allowed: {', '.join(allowed) or 'none'}"
                )


def _check_retention(definition: Definition, where: str) -> None:
    until, names = definition.retention.personal_until, [row.name for row in definition.questions]
    if until:
        try:
            date.fromisoformat(until)
        except ValueError:
            raise BadStudy(f"{where}: personal_until = {until!r} must be a day, such as 2027-06-30") from None
    for name in definition.retention.questions:
        if name not in names or not until:
            raise BadStudy(
                f"{where}: retention of question '{name}' needs personal_until and one of: {', '.join(names)}"
            )
