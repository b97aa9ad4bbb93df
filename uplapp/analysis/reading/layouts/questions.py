"""Columns that change what votes mean: they are asked about or listed, never ignored in silence."""

import re
from collections.abc import Collection

import pandas as pd

from uplapp.analysis.reading.cells import cells_of
from uplapp.analysis.reading.layouts.columns import NOBODY, Columns
from uplapp.analysis.reading.layouts.rows import plain
from uplapp.analysis.reading.numbers import number
from uplapp.analysis.reading.tables import listed, shown
from uplapp.errors import OtherNames, Question

CRITERIA = frozenset(
    [
        *("criterion", "criteria", "question", "questiontext", "attribute", "dimension"),
        *("aspect", "instruction", "instructions"),
    ]
)
WEIGHTS = frozenset(
    ["weight", "weights", "count", "counts", "n", "freq", "frequency", "multiplicity", "nvotes", "numvotes"]
)
PLACES = frozenset(["lab", "labs", "laboratory", "site", "sites", "session", "sessions", "centre", "center"])
SESSION_ID = "sessionid"  # tells sittings of one person apart
PEOPLE = frozenset(
    [
        "observer",
        "subject",
        "subjects",
        "participant",
        "participants",
        "worker",
        "workers",
        "rater",
        "raters",
        "user",
        "users",
        "person",
        "people",
        "respondent",
        "respondents",
        "judge",
        "judges",
        "assessor",
        "annotator",
        "annotators",
        "reader",
        "readers",
        "voter",
        "voters",
        "viewer",
        "who",
    ]
)
TIED = frozenset(["tie", "tied", "draw", "undecided"])
# What a row is, where it may be no answer: columns of yes or no, and words of columns of several.
TRIALS = frozenset(
    [
        *("practice", "training", "warmup", "trap", "catch", "catchtrial"),
        *("attention", "attentioncheck", "gold", "golden", "dummy", "bias", "honeypot"),
    ]
)
PHASES = frozenset(["phase", "stage", "part", "block", "blocktype", "trialtype", "trialkind", "type"])
NO_MAIN = TRIALS | {"train", "example", "demo", "calibration"}
TURNED = frozenset(["swapped", "swap", "flipped", "reversed", "mirrored", "inverted", "switched"])
MOST_STATES = 3  # of a column that says yes or no, or nothing
# What Qualtrics says of a row: whether all was answered, and whether people answered.
FINISHED = frozenset(["finished", "completed", "complete"])
YES, NO = ("true", "1", "yes"), ("false", "0", "no")
STATUS = "status"
# Of Qualtrics, of MTurk and Prolific.
NO_ANSWERS = frozenset(
    [
        *("survey preview", "survey test", "spam", "possible spam", "preview", "test"),
        *("rejected", "returned", "timed-out"),
    ]
)
# Of a response (LimeSurvey, Qualtrics), what it is called says who gave it.
RESPONSES = frozenset(["responseid", "responseidentifier", "responsenumber"])
SUBMITTED = "submitdate"  # of LimeSurvey, empty where somebody did not finish
ENDS = ("identifier", "number", "name", "code", "id", "nr", "no")
MOST_CRITERIA = 12  # with more values a column says something else than what was asked
MOST_NAMES = 12
# Columns of files of our own, which are read or are of no matter to scores.
OWN = frozenset(
    [
        "observer",
        "condition_A",
        "condition_B",
        "is_A_selected",
        "scene",
        "kind",
        "simulated",
        "preference_strength",
        "position",
        "attempt",
        "response_ms",
        "layout",
        "frame_ms",
        "frames_per_phase",
        "swaps",
        "swap_sd_ms",
        "worst_gap_ms",
        "missed_frames",
        "paused_ms",
        "pixel_ratio",
        "flags",
        "excluded",
        "answered_at",
        "consent_version",
        "study",
        "manifest",
        "boosting",
        "first",
        "seen_A_ms",
        "seen_B_ms",
        "language",
        "browser",
        "edition",
        "stimuli",
        "pilot",
        "outcome",
        "condition",
        "rating",
        "criterion",
    ]
)


def known_names(table: pd.DataFrame, named: Collection[str], roles: Collection[str]) -> pd.DataFrame:
    """Give columns of known names in other letters, such as `Condition A`, the spelling that is read.

    Columns that a person `named` stay.
    """
    known = {plain(name): name for name in (*OWN, *roles)}
    present = set(map(str, table.columns))
    renamed: dict[str, str] = {}
    for name in map(str, table.columns):
        own = known.get(plain(name), name)
        if own != name and own not in present and name not in named and own not in renamed.values():
            renamed[name] = own
    return table.rename(columns=renamed) if renamed else table


def with_texts(table: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Add a column for each text in single quotes that stands for itself."""
    texts = {name: name[1:-1] for name in columns.named if len(name) > 2 and name[0] == name[-1] == "'"}
    return table.assign(**texts) if texts else table


def nobody(table: pd.DataFrame, columns: Columns, source: str) -> bool:
    """Say whether votes do not name their observers.

    A column that may hold them under another name is a question.
    """
    if columns.observer == (NOBODY,):
        return NOBODY not in table
    if columns.observer != Columns.observer or columns.observer[0] in table:
        return False
    others = [name for name in map(str, table.columns) if name not in columns.named and _is_of_people(name)]
    if others:
        raise _asked_for_people(source, others[0])
    return True


def ask(
    table: pd.DataFrame, used: Collection[str], observer: tuple[str, ...], source: str
) -> tuple[str, ...]:
    """Ask about unused columns that may change what the votes mean, such as a criterion or a weight.

    The other unused ones are listed in a sentence. `observer` are the columns of observers, () where there
    are none. Raises a Question.
    """
    several = [name for name in map(str, table.columns) if name not in used and table[name].nunique() > 1]
    for name in several:
        _ask_about(table, name, source)
        _ask_about_trials(table, name, source)
        _ask_about_finished(table, name, source)
        _ask_about_places(table, name, observer, source)
    left = [name for name in several if name not in OWN]
    if not left:
        return ()
    more = f" and {len(left) - MOST_NAMES} more" if len(left) > MOST_NAMES else ""
    names = ", ".join(f"'{shown(name, 30)}'" for name in left[:MOST_NAMES])
    return (f"not used: {'columns' if len(left) > 1 else 'column'} {names}{more}",)


def _ask_about(table: pd.DataFrame, name: str, source: str) -> None:
    word, texts = plain(name), cells_of(table, (name,)).texts
    given = [text for text in texts if text]
    if word in CRITERIA and 1 < len(given) <= MOST_CRITERIA:
        raise Question(
            f"column '{name}' of {source} says that several things were asked: {listed(given)}; choose one, "
            "or say that it may be ignored",
            f'choose --where "{name}={given[0]}", or --ignore "{name}" to pool them',
        )
    if word in WEIGHTS and all(number(text) >= 0 for text in given):
        raise Question(
            f"column '{name}' of {source} may say how often a row counts; say so, or that it may be ignored",
            f'choose --columns "times={name}", or --ignore "{name}"',
        )
    if word in TIED:
        tie = next((text for text in given if text.lower() in (*YES, word)), given[-1])
        raise Question(
            f"column '{name}' of {source} may say that an answer was a tie; say so, or that it may be "
            "ignored",
            f'choose --columns "is_A_selected={name}" --values tie={tie}, or --ignore "{name}"',
        )


def _ask_about_trials(table: pd.DataFrame, name: str, source: str) -> None:
    """Ask which rows are answers that count, and whether A and B changed places in some of them."""
    word, texts = plain(name).removeprefix("is"), cells_of(table, (name,)).texts
    given = [text for text in texts if text]
    words = {plain(text) for text in given}
    if word in TURNED:
        raise Question(
            f"column '{name}' of {source} may say that A and B changed places in some rows; give A and B as "
            "they were shown, or say that it may be ignored",
            f'exchange the conditions of these rows, or choose --ignore "{name}"',
        )
    if (word in TRIALS and len(words) <= MOST_STATES) or (word in PHASES and words & NO_MAIN):
        good = [
            text for text in given if text.lower() in NO or (word in PHASES and plain(text) not in NO_MAIN)
        ]
        example = (good or given)[0]
        raise Question(
            f"column '{name}' of {source} may say that some rows are practice, checks or the like: "
            f"{listed(given)}; choose those that count, or say that it may be ignored",
            f'choose --where "{name}={example}", or --ignore "{name}" to count all',
        )


def _ask_about_finished(table: pd.DataFrame, name: str, source: str) -> None:
    """Ask about answers of people who did not finish, and of trials of the survey (Qualtrics)."""
    texts = [text for text in cells_of(table, (name,)).texts if text]
    words = {text.lower() for text in texts}
    if plain(name) in FINISHED and len(words) > 1 and words <= {*YES, *NO}:
        yes = next(text for text in texts if text.lower() in YES)
        raise Question(
            f"column '{name}' of {source} says that some did not finish; say whether their answers count",
            f'choose --where "{name}={yes}", or --ignore "{name}" to count all',
        )
    if plain(name) == SUBMITTED and len(texts) < len(cells_of(table, (name,)).texts):
        raise Question(
            f"column '{name}' of {source} is empty where somebody did not finish; say whether these answers "
            "count",
            f'choose --where "{name}!=", or --ignore "{name}" to count all',
        )
    if plain(name).endswith(STATUS) and (odd := sorted(words & NO_ANSWERS)):
        good = next((text for text in texts if text.lower() not in NO_ANSWERS), "IP Address")
        raise Question(
            f"column '{name}' of {source} says that some rows are no answers ({listed(odd)}); say whether "
            "they count",
            f'choose --where "{name}={good}", or --ignore "{name}" to count all',
        )


def _ask_about_places(table: pd.DataFrame, name: str, observer: tuple[str, ...], source: str) -> None:
    """Ask whether one name under several labs or sessions is one observer."""
    is_place = _stem(name) in PLACES and plain(name) != SESSION_ID
    if not is_place or not observer or not set(observer) <= set(table.columns):
        return
    pairs = pd.DataFrame(
        {"observer": cells_of(table, observer).codes, "place": cells_of(table, (name,)).codes}
    )
    places = pairs.drop_duplicates().groupby("observer").size()
    if (places > 1).any():
        who = cells_of(table, observer).texts[int(places.index[places.to_numpy() > 1][0])]
        people = "+".join(observer)
        raise Question(
            f"observer '{shown(who)}' of {source} occurs under several values of '{name}': say whether that "
            "is one person, or one in each",
            f'choose --ignore "{name}" for one person, or --columns "observer={name}+{people}"',
        )


def _asked_for_people(source: str, name: str) -> OtherNames:
    error = OtherNames(f"{source} has no column 'observer'; does '{shown(name)}' say who voted?")
    error.hint = f'choose --columns "observer={name}", or observer={NOBODY} where observers are not known'
    return error


def _is_of_people(name: str) -> bool:
    """Whether a column may say who voted: `subject`, `WorkerId`, `Participant Private ID`, `ResponseId`."""
    words = [word.lower() for word in re.split(r"[\W_]+", name) if word]
    of_a_person = len(words) > 1 and words[-1] in ENDS and not PEOPLE.isdisjoint(words)
    return _stem(name) in PEOPLE or plain(name) in RESPONSES or of_a_person


def _stem(name: str) -> str:
    word = plain(name)
    for end in ENDS:
        if word.endswith(end) and len(word) > len(end):
            return word.removesuffix(end)
    return word
