"""A table of ratings, one row per observer, image and criterion -> Ratings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import (
    alike,
    boosted,
    cells_of,
    constant,
    kept,
    kinds,
    manifests_of,
    names,
    numbers,
    one_population,
    pooled,
    where,
)
from uplapp.analysis.reading.editions import of_edition, require_one_set, without_pilot
from uplapp.analysis.reading.layouts.columns import parse_roles
from uplapp.analysis.reading.layouts.questions import ask, known_names
from uplapp.analysis.reading.layouts.rows import Rows, chosen, plain, without_answers
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import listed, read_header, read_table, require_columns
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.values import REFERENCE

ROLES = ("observer", "condition", "rating", "criterion", "scene")
NEEDED = ROLES[:3]
NAMED = ("condition", "observer", "scene")
THE_CRITERION = "rating"  # what a table with one criterion calls it
COUNTED = ("main", "catch")
MOST = 1e6  # beyond any scale, and far from what squares overflow at
FORM = re.compile(r"\{(observer|condition|scene|criterion)\}")
HINT = (
    'where each picture has a column, give their form, such as --columns "rating={scene}_{condition}"; else '
    "name them, such as --columns condition=NAME+NAME,rating=NAME"
)
# From 1 to 5, letters alone. Source: ITU-T P.910, absolute and degradation category rating.
SCALES = (
    ("bad", "poor", "fair", "good", "excellent"),
    ("veryannoying", "annoying", "slightlyannoying", "perceptiblebutnotannoying", "imperceptible"),
)
# Words for no answer in files of statistics, where they lie far from all ratings.
CODES = (9, 99, 999, -9, -99, -999)

Roles = Mapping[str, tuple[str, ...]]
Notes = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings one by one, checked: `observer`, `condition`, `scene`, `criterion`, `kind` (texts), `rating`.

    Other columns are as they came. `criteria` are in the order of the file, `reference` is the condition that
    is the hidden reference; `excluded` holds (observer, reason) of those whose answers are left out.
    """

    table: pd.DataFrame
    criteria: tuple[str, ...]
    source: str = "ratings"
    reference: str = REFERENCE
    simulated: bool = False
    notes: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    manifest: str = ""


def read_ratings(
    path: Path,
    simulated: bool | None = None,
    columns: str = "",
    reference: str = REFERENCE,
    edition: str = "",
    rows: Rows = Rows(),  # noqa: B008 - frozen
) -> Ratings:
    """Read a file of ratings, where `columns` such as `condition=method+level,rating=score` rename columns.

    Where each picture or observer has a column, `rating={scene}_{condition}` is the form of their names.
    `rows` says which rows count. Columns that change what ratings mean, and that nobody spoke of, are a
    Question. A bad file is a BadVotes that names the line.
    """
    source, stated = path.name, parse_roles(columns, ROLES)
    table, said = chosen(read_table(path, rows.header, rows.skip), rows, source)
    table = known_names(table, {name for names in stated.values() for name in names}, ROLES)
    table, roles, stretched = _one_a_row(table, stated, source)
    by_role = _columns(table, roles, source)
    table, dropped = without_answers(table, by_role["rating"], rows.drop)
    table, in_words = _as_numbers(table, by_role["rating"])
    used = {name for names in by_role.values() for name in names}
    unused = ask(table, used, by_role["observer"], source)
    ratings = from_table(of_edition(table, source, edition), source, simulated, roles, reference)
    return replace(ratings, notes=(*said, *stretched, *dropped, *in_words, *unused, *ratings.notes))


def holds_ratings(path: Path, header: int = 0) -> bool:
    """Say whether a file has a column `rating`, and none of votes."""
    names = {spelling(name) for name in read_header(path, header)}
    return "rating" in names and "is_a_selected" not in names


def from_table(
    table: pd.DataFrame,
    source: str = "ratings",
    simulated: bool | None = None,
    roles: Roles = {},  # noqa: B006 - never changed
    reference: str = REFERENCE,
) -> Ratings:
    """Check a table of ratings, where `roles` says which columns hold what if they have other names.

    People and simulated observers are never pooled: `simulated` chooses, None takes people where there are
    any. Without a column `criterion` there is one, without `kind` all are main trials. A `reference`
    with `*`, such as `*_original.png`, is every condition of that form, one in each scene.
    """
    columns = _columns(table, roles, source)
    table, is_simulated, whose = one_population(table, source, simulated, "rating")
    table, trial_run = without_pilot(table)
    table, excluded, left_out = kept(table, columns["observer"])
    require_one_set(table, source)
    texts = {role: _texts(table, columns, role, source) for role in ROLES if role != "rating"}
    checked = table.assign(
        **texts, rating=_rating(table, columns["rating"], source), kind=kinds(table, source)
    )
    checked["kind"] = checked["kind"].astype(str)
    checked, reference = _one_reference(checked, reference, source)
    main = checked[checked["kind"].isin(COUNTED)]
    if main.empty:
        raise BadVotes(f"{source} holds no ratings of main trials")
    manifests = manifests_of(checked)
    twins = [*_far_codes(main["rating"].to_numpy(float))]
    twins += [note for role in NAMED for note in alike(f"{role}s", sorted(set(main[role])))]
    return Ratings(
        checked,
        tuple(dict.fromkeys(main["criterion"])),
        source,
        reference,
        is_simulated,
        (*whose, *trial_run, *left_out, *pooled(manifests), *boosted(table), *twins),
        excluded,
        ", ".join(manifests),
    )


def images(ratings: Ratings) -> pd.DataFrame:
    """Select ratings of main trials, with the hidden reference of catch trials, never practice or repeats."""
    table = ratings.table
    hidden = (table["kind"] == "catch") & (table["condition"] == ratings.reference)
    return table[(table["kind"] == "main") | hidden]


def without(ratings: Ratings, exclude: Mapping[str, str]) -> Ratings:
    """Leave out observers, each with a reason.

    Raises UnknownName for an unknown observer.
    """
    people = set(ratings.table["observer"])
    for observer in exclude:
        if observer not in people:
            raise UnknownName("observer", observer, people)
    left = ratings.table[~ratings.table["observer"].isin(list(exclude))]
    if left.empty:
        raise BadVotes("no observer is left; keep at least one")
    return replace(ratings, table=left, excluded=(*ratings.excluded, *exclude.items()))


def _one_a_row(table: pd.DataFrame, roles: Roles, source: str) -> tuple[pd.DataFrame, Roles, Notes]:
    """Make a row of each cell, where the role of ratings is the form of the names of their columns."""
    form = "+".join(roles.get("rating", ()))
    marks = FORM.findall(form)
    if not marks:
        return table, roles, ()
    if len(set(marks)) < len(marks):
        raise BadVotes(f"the form '{form}' names a part twice")
    parts = FORM.split(form)
    regex = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    own = {role: names for role, names in roles.items() if role not in ("rating", *marks)}
    taken = {*ROLES, *(name for names in own.values() for name in names)}
    free = [name for name in map(str, table.columns) if name not in taken]
    found = {name: match for name in free if (match := re.fullmatch(regex, name))}
    if not found:
        raise BadVotes(
            f"no column of {source} has the form '{form}'; found: {listed(list(map(str, table.columns)))}"
        )
    others = table.drop(columns=list(found))
    first = next(iter(found))
    of = ", ".join(f"{mark} '{found[first][mark]}'" for mark in marks)
    said = [f"{len(found)} columns were read as ratings, such as '{first}' as that of {of}"]
    if "observer" not in marks and not set(own.get("observer", ("observer",))) <= set(others.columns):
        others, own = (
            others.assign(observer=[f"row {line}" for line in table.index]),
            {**own, "observer": ("observer",)},
        )
        said.append("each row was read as one observer")
    cells = pd.concat(
        [others.assign(**match.groupdict(), rating=table[name]) for name, match in found.items()]
    )
    given = cells["rating"].str.strip() != ""
    if left := int((~given).sum()):
        said.append(f"{left} empty cell{'s were' if left > 1 else ' was'} read as no rating")
    cells.attrs = table.attrs
    return cells[given].sort_index(kind="stable"), own, tuple(said)


def _as_numbers(table: pd.DataFrame, columns: tuple[str, ...]) -> tuple[pd.DataFrame, Notes]:
    """Turn words such as "good" into 1 to 5, where each cell is a word of one and the same scale."""
    texts = {plain(text) for text in cells_of(table, columns).texts}
    scale = next((scale for scale in SCALES if texts and texts <= set(scale)), None)
    if scale is None or len(columns) > 1:
        return table, ()
    ranks = table[columns[0]].map(lambda text: str(scale.index(plain(text)) + 1))
    return table.assign(**{columns[0]: ranks}), (
        f"the words '{scale[0]}' to '{scale[-1]}' were read as 1 to 5",
    )


def _far_codes(values: np.ndarray) -> Notes:
    """Say that a rating is far from all others, and a usual word for none."""
    for code in sorted(set(CODES) & set(values.tolist())):
        others = values[values != code]
        if others.size and max(code - others.max(), others.min() - code) >= max(np.ptp(others), 1):
            span = f"{others.min():g} to {others.max():g}"
            return (
                f"the rating {code:g} lies far from all others ({span}): does it mean that there is none?",
            )
    return ()


def _columns(table: pd.DataFrame, roles: Roles, source: str) -> dict[str, tuple[str, ...]]:
    """The columns of every role: those named, else the one that is spelt like it, in any case."""
    spelt = {spelling(str(name)): str(name) for name in table.columns}
    columns = {role: roles.get(role, (spelt.get(role, role),)) for role in ROLES}
    needed = {role: names for role, names in columns.items() if role in NEEDED or role in roles}
    try:
        require_columns(table, needed, source)
    except OtherNames as error:
        error.hint = HINT
        raise
    return columns


def _texts(table: pd.DataFrame, by_role: Roles, role: str, source: str) -> np.ndarray:
    columns = by_role[role]
    if role in NEEDED:
        cells = names(table, columns, source)
    elif set(columns) <= set(table.columns):
        cells = cells_of(table, columns)
    else:
        cells = constant("", len(table))
    unnamed = THE_CRITERION if role == "criterion" else ""
    texts = [text or unnamed for text in cells.texts]
    return cells.spread(texts, object) if len(table) else np.array([], dtype=object)


def _one_reference(table: pd.DataFrame, reference: str, source: str) -> tuple[pd.DataFrame, str]:
    """Give the conditions that a pattern matches the one name REFERENCE."""
    if "*" not in reference:
        return table, reference
    names = sorted(set(table["condition"]))
    hidden = [name for name in names if fnmatchcase(name, reference)]
    if not hidden:
        raise BadVotes(f"no condition of {source} has the form '{reference}' of the hidden reference")
    per_scene = table[table["condition"].isin(hidden)].groupby("scene")["condition"].nunique()
    if (per_scene > 1).any():
        scene = per_scene.index[per_scene.to_numpy() > 1][0]
        raise BadVotes(f"'{reference}' is more than one condition of scene '{scene}' in {source}")
    renamed = table["condition"].where(~table["condition"].isin(hidden), REFERENCE)
    return table.assign(condition=renamed), REFERENCE


def _rating(table: pd.DataFrame, columns: tuple[str, ...], source: str) -> np.ndarray:
    if len(columns) > 1:
        raise BadVotes(f"the rating is one column, not {'+'.join(columns)}")
    values = numbers(table, columns[0], source)
    if np.isnan(values).any():
        place = where(table, source, np.isnan(values))
        raise BadVotes(f"{place}, column '{columns[0]}': the cell is empty; it needs a number")
    if (far := np.abs(values) > MOST).any():
        place = where(table, source, far)
        raise BadVotes(f"{place}, column '{columns[0]}': a rating lies between -{MOST:g} and {MOST:g}")
    return values
