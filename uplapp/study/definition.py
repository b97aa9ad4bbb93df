"""A study as its author wrote it: `studies/<name>/study.toml`, read, checked and frozen."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from uplapp.errors import BadStudy
from uplapp.values import REFERENCE, Condition

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
RESERVED = ("api", "static")  # these are addresses beside the study's own
LAYOUTS = ("auto", "side_by_side", "in_place")
LIMITS = {
    "phase_ms": (50, 2000),
    "seed": (0, 2**53),
    "orders": (1, 2),
    "repeats": (0, 200),
    "catch": (0, 100),
    "practice": (0, 20),
    "break_every": (0, 1000),
    "noise_sigma": (0, 255),
    "noise_seed": (0, 2**53),
}
CONSENT = """You will see pairs of flickering pictures and say which of the two changes less.
The pictures alternate a few times a second. Please do not take part if you are sensitive to
flickering light, for instance if you have photosensitive epilepsy. We store your answers, their
timing and the size of your window, nothing that names you. You can stop at any time."""

Table = TypeVar("Table")


@dataclass(frozen=True)
class Scene:
    """One picture of the study; `source` and `crop` (top, left, height, width) say where it comes from."""

    name: str
    source: str = ""
    crop: tuple[int, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """How comparisons are shown, and which: `pairs` is `all`, or N an observer: `random:N`, `adaptive:N`.

    With `orders` = 2 each of them comes once each way round, so twice as many main trials. With `ranking`
    the last page points to the Analysis tab.
    """

    phase_ms: float = 250.0
    layout: str = "auto"
    pairs: str = "all"
    orders: int = 1
    seed: int = 0
    practice: int = 2
    catch: int = 2
    repeats: int = 0
    break_every: int = 0
    not_sure: bool = False
    ranking: bool = False

    @property
    def adaptive(self) -> bool:
        """Whether an observer's next comparison is chosen when it is needed."""
        return self.pairs.startswith("adaptive:")


@dataclass(frozen=True)
class Consent:
    """What an observer agrees to; the version is stored with the observer."""

    version: str = "1"
    text: str = CONSENT


@dataclass(frozen=True)
class Render:
    """How the stimuli are made from the scenes, where uplapp makes them: a condition's name is a loss."""

    task: str = "denoise"
    network: str = "unet"
    noise_sigma: float = 25.0
    noise_seed: int = 0


@dataclass(frozen=True)
class Definition:
    """A whole study, frozen; its name is the name of its folder."""

    name: str
    title: str
    conditions: tuple[Condition, ...]
    scenes: tuple[Scene, ...]
    protocol: Protocol = field(default_factory=Protocol)
    consent: Consent = field(default_factory=Consent)
    render: Render | None = None

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
        """Comparisons, a pair in a scene, that one observer judges."""
        every = len(self.scenes) * len(self.pairs)
        return min(every, subset(self.protocol) or every)


def subset(protocol: Protocol) -> int | None:
    """The N of `random:N` or `adaptive:N`, None for `all`."""
    return None if protocol.pairs == "all" else int(protocol.pairs.partition(":")[2])


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
    _check_name(name, "study", where)
    if name in RESERVED:
        raise BadStudy(f"{where}: a study cannot be called '{name}'; choose another folder name")
    allowed = {entry.name for entry in fields(Definition)} - {"name"}
    _check_keys(raw, allowed, {"title", "conditions", "scenes"}, where)
    if not isinstance(raw["title"], str):
        raise BadStudy(f"{where}: title = {raw['title']!r} must be a text")
    definition = Definition(
        name=name,
        title=raw["title"],
        conditions=_named(Condition, raw["conditions"], f"{where}: conditions"),
        scenes=_named(Scene, raw["scenes"], f"{where}: scenes"),
        protocol=_table(Protocol, raw.get("protocol", {}), f"{where}: protocol"),
        consent=_table(Consent, raw.get("consent", {}), f"{where}: consent"),
        render=_table(Render, raw["render"], f"{where}: render") if "render" in raw else None,
    )
    _check(definition, where)
    return definition


def _check(definition: Definition, where: str) -> None:
    protocol = definition.protocol
    if len(definition.conditions) < 2:
        raise BadStudy(f"{where}: a study compares at least 2 conditions, this one has 1")
    if protocol.layout not in LAYOUTS:
        raise BadStudy(f"{where}: layout '{protocol.layout}' is unknown; choose one of: {', '.join(LAYOUTS)}")
    if not re.fullmatch(r"all|(random|adaptive):[1-9][0-9]{0,3}", protocol.pairs):
        raise BadStudy(
            f"{where}: pairs '{protocol.pairs}' is unknown; "
            'write "all", "random:N" or "adaptive:N", N from 1 to 9999'
        )
    if protocol.adaptive and protocol.orders == 2:
        raise BadStudy(f'{where}: orders = 2 needs pairs that are planned; write "all" or "random:N"')
    for scene in definition.scenes:
        if scene.crop and (len(scene.crop) != 4 or min(scene.crop) < 0):
            raise BadStudy(f"{where}: crop of scene '{scene.name}' must be [top, left, height, width]")


def _named(kind: type[Table], rows: object, where: str) -> tuple[Table, ...]:
    if not isinstance(rows, Sequence) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise BadStudy(f"{where} must be one or more tables, each with a name")
    seen: dict[str, str] = {}
    for row in rows:
        name = _check_name(row.get("name"), "name", where)
        if name.lower() in seen:
            raise BadStudy(
                f"{where}: '{name}' and '{seen[name.lower()]}' clash; names differ in more than case"
            )
        seen[name.lower()] = name
    return tuple(_table(kind, row, f"{where} '{row['name']}'") for row in rows)


def _check_name(name: object, what: str, where: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.lower() == REFERENCE:
        raise BadStudy(
            f"{where}: {what} {name!r} cannot be used; write 1-40 letters, digits, _ or -, "
            f"beginning with a letter or digit, and not '{REFERENCE}'"
        )
    return name


def _check_keys(table: Mapping[str, Any], allowed: set[str], needed: set[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise BadStudy(f"{where}: unknown key '{key}'; allowed: {', '.join(sorted(allowed))}")
    for key in sorted(needed - set(table)):
        raise BadStudy(f"{where}: '{key}' is missing")


def _table(kind: type[Table], table: object, where: str) -> Table:
    """Build the frozen value `kind` from a TOML table by the names and types of its fields."""
    if not isinstance(table, Mapping):
        raise BadStudy(f"{where} must be a table")
    entries = fields(kind)  # type: ignore[arg-type]
    needed = {entry.name for entry in entries if entry.default is MISSING}
    _check_keys(table, {entry.name for entry in entries}, needed, where)
    hints = get_type_hints(kind)
    return kind(**{key: _value(key, value, hints[key], where) for key, value in table.items()})


def _value(key: str, value: object, hint: object, where: str) -> object:
    """One checked entry: of the field's type, and within its limits if it has any."""
    if hint == tuple[int, ...]:
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise BadStudy(f"{where}: {key} = {value!r} must be a list of whole numbers")
        return tuple(value)
    wanted = (int, float) if hint is float else (hint,)
    if type(value) not in wanted:
        names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
        raise BadStudy(f"{where}: {key} = {value!r} must be {names[hint]}")  # type: ignore[index]
    low, high = LIMITS.get(key, (None, None))
    if low is not None and high is not None and not low <= value <= high:  # type: ignore[operator]
        raise BadStudy(f"{where}: {key} = {value} must lie between {low} and {high}")
    return float(value) if hint is float else value  # type: ignore[arg-type]
