"""What a researcher watches while a study runs: people, pace and flags."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma
from statistics import median

from uplapp.errors import UplappError
from uplapp.study.answers.codes import code_of
from uplapp.study.answers.human import EVEN_PACE, NO_INPUT, UNTIMELY
from uplapp.study.answers.response import COARSE_CLOCK
from uplapp.study.definition import Definition
from uplapp.study.store.phrases import OUTCOME, PEOPLE, UNDER_WAY
from uplapp.study.store.store import Reader

LATE = "late_frames"
SHOWN, TIMED = 200, 10  # people, and answers of each, whose swaps are looked at; the export has all
ROBOTIC = " OR ".join(f"instr(answers.flags, '{name}') > 0" for name in (NO_INPUT, EVEN_PACE, UNTIMELY))
LISTED = f"""SELECT observers.id, observers.pilot, {OUTCOME} AS outcome,
    studies.secret, joined_at, finished_at, observers.excluded, language,
    links.label,
    count(answers.trial) AS answers, count(answers.trial) FILTER (WHERE kind != 'practice') AS done,
    count(*) FILTER (WHERE attempt > 1) AS again, max(answers.answered_at) AS last_at,
    newest.layout, newest.pixel_ratio, count(*) FILTER (WHERE answers.flags != '') AS flagged,
    count(*) FILTER (WHERE answers.excluded != '') AS answers_excluded,
    count(*) FILTER (WHERE instr(answers.flags, :late) > 0) AS late,
    count(*) FILTER (WHERE {ROBOTIC}) AS robotic
    FROM observers JOIN studies ON studies.id = observers.study
    LEFT JOIN answers AS newest ON newest.trial = (SELECT given.trial FROM trials AS own
        JOIN answers AS given ON given.trial = own.token WHERE own.observer = observers.id
        ORDER BY given.answered_at DESC LIMIT 1)
    LEFT JOIN trials ON trials.observer = observers.id LEFT JOIN answers ON answers.trial = trials.token
    LEFT JOIN links ON links.observer = observers.id
    WHERE observers.study = :study AND simulated = 0
    GROUP BY observers.id, studies.secret, links.label, newest.layout, newest.pixel_ratio
    ORDER BY coalesce(max(answers.answered_at), joined_at) DESC"""  # noqa: S608
TIMING = """WITH latest AS (SELECT trials.observer, answers.trial, swaps_ms, row_number() OVER
        (PARTITION BY trials.observer ORDER BY answered_at DESC) AS place
        FROM trials JOIN answers ON answers.trial = trials.token
        WHERE trials.observer IN (SELECT value FROM json_each(:people))),
    swaps AS (SELECT observer, trial, CAST(each.value AS DOUBLE PRECISION) AS at_ms, each.key AS number
        FROM latest, json_each(swaps_ms) AS each WHERE place <= :timed),
    steps AS (SELECT observer, trial, at_ms - lag(at_ms) OVER (PARTITION BY trial ORDER BY number) AS step
        FROM swaps)
    SELECT observer, sum(step * step) AS squares, sum(step) AS total, count(step) AS n
    FROM steps GROUP BY observer, trial HAVING count(step) > 1"""
OF_PEOPLE = f"""FROM answers JOIN trials ON trials.token = answers.trial
    JOIN observers ON observers.id = trials.observer WHERE observers.study = :study AND {PEOPLE}"""
RECENT, RECENT_PEOPLE = 50, 20
CHANCE = 1e-4  # the rule is asked after every answer, and some thousands are given in a study
PRIOR = 0.5


@dataclass(frozen=True)
class Alarm:
    """The share of marked answers among the recent ones, and among those before."""

    recent: float
    before: float


@dataclass(frozen=True)
class Person:
    """One observer: `minutes` from joining to the last answer, `swap_sd_ms` the median over the last answers.

    `answers` counts practice too, `done` and `total` do not. `late_share` and `robotic_share` (no human
    timing) are in [0,1], `excluded` the reason or '', `code` the completion code of who finished, `outcome`
    whether somebody finished, is under way or gave up, `pilot` whether it was in a pilot. What is not known
    yet is None.
    """

    id: str
    label: str
    joined_at: float
    done: int
    total: int
    answers: int
    minutes: float
    finished: bool
    flagged: int
    answers_excluded: int
    late_share: float
    excluded: str
    layout: str
    pixel_ratio: float | None
    language: str
    swap_sd_ms: float | None
    code: str = ""
    outcome: str = UNDER_WAY
    pilot: bool = False
    robotic_share: float = 0.0


@dataclass(frozen=True)
class Overview:
    """A study at one moment. `flags` and `excluded` count answers by reason, `people` holds a pilot's too."""

    state: str
    quota: int | None
    people: tuple[Person, ...]
    simulated: int
    last_minute: int
    flags: Mapping[str, int]
    excluded: Mapping[str, int]
    alarm: Alarm | None
    pilot: bool = False
    people_alarm: Alarm | None = None


def overview(reader: Reader, study: str, definition: Definition, now: float) -> Overview:
    """Count everything but the pace, at `now` in seconds since 1970."""
    values = {"study": study}
    state = reader.rows("SELECT state, quota, pilot FROM studies WHERE id = :study", values)[0]
    made = "SELECT count(*) AS n FROM observers WHERE study = :study AND simulated = 1"
    return Overview(
        **state | {"pilot": bool(state["pilot"])},
        people=people(reader, study, definition, now),
        simulated=reader.rows(made, values)[0]["n"],
        last_minute=sum(pace(reader, study, now, 60.0, 1)),
        flags=flags(reader, study),
        excluded=exclusions(reader, study),
        alarm=watch(reader, study),
        people_alarm=watch_people(reader, study),
    )


def people(reader: Reader, study: str, definition: Definition, now: float = 0.0) -> tuple[Person, ...]:
    """List the observers at the time `now`, whoever answered last first.

    Those of a pilot are among them, simulated ones are not.
    """
    rows = reader.rows(LISTED, {"study": study, "late": LATE, "now": now})
    planned = definition.main_trials + definition.protocol.catch + definition.protocol.repeats
    spread = _swap_sd_ms(reader, [row["id"] for row in rows[:SHOWN]])
    return tuple(
        Person(
            id=row["id"],
            label=row["label"] or "",
            joined_at=row["joined_at"],
            done=row["done"],
            total=planned + row["again"],
            answers=row["answers"],
            minutes=max(0.0, (row["last_at"] or row["joined_at"]) - row["joined_at"]) / 60,
            finished=row["finished_at"] is not None,
            flagged=row["flagged"],
            answers_excluded=row["answers_excluded"],
            late_share=row["late"] / max(1, row["answers"]),
            excluded=row["excluded"],
            layout=row["layout"] or "",
            pixel_ratio=row["pixel_ratio"],
            language=row["language"],
            swap_sd_ms=spread.get(row["id"]),
            code="" if row["finished_at"] is None else code_of(row),
            outcome=row["outcome"],
            pilot=bool(row["pilot"]),
            robotic_share=row["robotic"] / max(1, row["answers"]),
        )
        for row in rows
    )


def pace(reader: Reader, study: str, now: float, span_s: float, bars: int) -> tuple[int, ...]:
    """Answers of people in each of `bars` equal parts of the `span_s` seconds before `now`, oldest first."""
    query = f"""SELECT CAST(1000 * (answered_at - :start) AS BIGINT) * :bars / :span_ms AS bar, count(*) AS n
        {OF_PEOPLE} AND answered_at > :start AND answered_at <= :now GROUP BY bar"""
    values = {"study": study, "start": now - span_s, "now": now, "span_ms": round(1000 * span_s)}
    counts = [0] * bars
    for row in reader.rows(query, values | {"bars": bars}):  # in whole milliseconds, for whole bars
        counts[min(row["bar"], bars - 1)] += row["n"]
    return tuple(counts)


def flags(reader: Reader, study: str) -> dict[str, int]:
    """How many answers of people carry each flag, the most frequent first."""
    query = f"SELECT flags, count(*) AS n {OF_PEOPLE} AND flags != '' GROUP BY flags"
    counts: Counter[str] = Counter()
    for row in reader.rows(query, {"study": study}):
        counts.update(dict.fromkeys(row["flags"].split(), row["n"]))
    return dict(counts.most_common())


def exclusions(reader: Reader, study: str) -> dict[str, int]:
    """How many answers of people are excluded for each reason, their own or their observer's."""
    query = f"""SELECT coalesce(nullif(observers.excluded, ''), answers.excluded) AS reason, count(*) AS n
        {OF_PEOPLE} AND (observers.excluded != '' OR answers.excluded != '')
        GROUP BY reason ORDER BY n DESC, reason"""
    return {row["reason"]: row["n"] for row in reader.rows(query, {"study": study})}


def watch(reader: Reader, study: str) -> Alarm | None:
    """Ask the alarm about the answers of people who are not excluded, practice aside."""
    kept = f"""SELECT flags NOT IN ('', :coarse) OR answers.excluded != '' AS marked {OF_PEOPLE}
        AND observers.excluded = '' AND kind != 'practice' ORDER BY answered_at DESC"""
    counted = "SELECT count(*) AS answers, count(*) FILTER (WHERE marked) AS marked FROM "
    # A coarse clock is the browser's, and says nothing of how one answers.
    values = {"study": study, "recent": RECENT, "coarse": COARSE_CLOCK}
    last = reader.rows(f"{counted} ({kept} LIMIT :recent) AS last", values)[0]
    every = reader.rows(f"{counted} ({kept}) AS every", values)[0]
    before = {name: every[name] - last[name] for name in every}
    return alarm(before["marked"], before["answers"], last["marked"], last["answers"])


def watch_people(reader: Reader, study: str) -> Alarm | None:
    """Ask the alarm about people who are left out or withdrew: the last ones against those before."""
    joined = f"""SELECT excluded != '' AS marked FROM observers WHERE study = :study AND {PEOPLE}
        ORDER BY joined_at DESC, id"""  # noqa: S608
    marks = [row["marked"] for row in reader.rows(joined, {"study": study})]
    last, before = marks[:RECENT_PEOPLE], marks[RECENT_PEOPLE:]
    return alarm(sum(before), len(before), sum(last), len(last), RECENT_PEOPLE)


def alarms(reader: Reader, study: str) -> dict[str, str]:
    """The alarms of a study at this moment as sentences, by their kind."""
    found = {
        "answers": (watch(reader, study), "of the last answers {0} are flagged or left out, before {1}"),
        "people": (watch_people(reader, study), "of the last people {0} are left out, before {1}"),
    }
    return {
        kind: text.format(f"{alarm.recent:.0%}", f"{alarm.before:.0%}")
        for kind, (alarm, text) in found.items()
        if alarm is not None
    }


def answers_of(reader: Reader, study: str, observer: str) -> int:
    """How many answers an observer gave. UplappError for one the study does not have."""
    query = """SELECT count(answers.trial) AS n FROM observers
        LEFT JOIN trials ON trials.observer = observers.id
        LEFT JOIN answers ON answers.trial = trials.token
        WHERE observers.id = :observer AND study = :study GROUP BY observers.id"""
    rows = reader.rows(query, {"observer": observer, "study": study})
    if not rows:
        raise UplappError(f"this study has no observer '{observer}'; take an id from the table")
    return int(rows[0]["n"])


def _swap_sd_ms(reader: Reader, ids: list[str]) -> dict[str, float]:
    """Median over the last answers of the standard deviation of the intervals between swaps, by observer."""
    deviations: dict[str, list[float]] = {}
    for row in reader.each(TIMING, {"people": json.dumps(ids), "timed": TIMED}):
        variance = (row["squares"] - row["total"] ** 2 / row["n"]) / (row["n"] - 1)
        deviations.setdefault(row["observer"], []).append(max(0.0, variance) ** 0.5)
    return {observer: median(values) for observer, values in deviations.items()}


def alarm(
    marked: int, answers: int, recent_marked: int, recent: int = RECENT, least: int = RECENT
) -> Alarm | None:
    """Whether `recent_marked` of the last `recent` answers are too many after `marked` of `answers` before.

    None also while fewer than `least` are there on either side.
    """
    if min(answers, recent) < least or recent_marked * answers <= marked * recent:
        return None
    if at_least(recent_marked, recent, marked, answers) >= CHANCE:
        return None
    return Alarm(recent_marked / recent, marked / answers)


def at_least(k: int, n: int, marked: int, answers: int) -> float:
    """The chance of k or more marked answers among the next n after `marked` of `answers`."""
    a, b = marked + PRIOR, answers - marked + PRIOR
    return sum(
        exp(_log_choose(n, i) + _log_beta(i + a, n - i + b) - _log_beta(a, b)) for i in range(k, n + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
