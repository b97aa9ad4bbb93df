"""The dashboard of one study as HTML: warnings, numbers, pace, reasons, people."""

import time
from collections import Counter
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

from uplapp.errors import UplappError
from uplapp.study.definition import Definition
from uplapp.study.exports import dashboard
from uplapp.study.exports.dashboard import Overview, Person
from uplapp.study.session import panel
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.phrases import FINISHED, GIVEN_UP, UNDER_WAY
from uplapp.study.store.store import reading
from uplapp.web.researcher.desk import FORGETFUL, Desk, Entry
from uplapp.web.researcher.watch.drawing import bar, bars, shares, table, tile, warning
from uplapp.web.widgets import sentence

NOBODY = "Nobody has joined yet: send people the address above, or personal links of the tab Links."
HOUR, DAY = "last hour", "last day"
SPANS = {HOUR: (3600.0, 60, "60 min ago", "a minute"), DAY: (86_400.0, 96, "24 h ago", "in 15 min")}
BROKEN_SHARE = ROBOTIC_SHARE = 0.1  # of an observer's answers; the table marks what is above
COLUMNS = (
    *("Observer", "Joined, UTC", "Progress", "Minutes", "Flagged", "Not human", "Late frames", "Swap sd, ms"),
    *("Layout", "Pixel ratio", "Language", "Left out because"),
)


def draw(desk: Desk, entry: Entry, name: str, span: str) -> tuple[str, str]:
    """The board and the table of people of one study. Of one that stays closed, the reason."""
    try:
        return _board(desk, entry, name, span)
    except UplappError as error:
        return _wrapped(warning(sentence(error))), ""


def _board(desk: Desk, entry: Entry, name: str, span: str) -> tuple[str, str]:
    study, now = desk.shelf.get(name), desk.clock()
    present = desk.shelf.studies[study.definition.name]
    seconds, parts, begin, unit = SPANS.get(span, SPANS[HOUR])
    with reading(desk.shelf.settings.answers) as reader:
        overview = dashboard.overview(reader, study.id, study.definition, now)
        pace = dashboard.pace(reader, study.id, now, seconds, parts)
    answers = sum(person.answers for person in overview.people if not person.pilot)
    blocks = (
        *warnings(desk, overview, desk.shelf.closed.get(name)),
        _address(entry, study, present),
        f'<div class="address">{desk.preview(present.definition, present.stimuli)}</div>',
        _tiles(overview, desk, now),
        bars(pace, begin, "now", unit),
        '<div class="pair">',
        shares("Flags", overview.flags, answers),
        shares("Answers left out because", overview.excluded, answers),
        "</div>",
    )
    return _wrapped(*blocks), people(overview.people)


def warnings(desk: Desk, overview: Overview, wrong: str | None = None) -> list[str]:
    """What must not be overlooked: lost answers, a folder gone `wrong`, a jump of the marked share."""
    texts = [FORGETFUL] if desk.shelf.settings.forgetful else []
    if wrong is not None:
        texts.append(f"What changed on the disk is not taken in: {wrong}")
    if desk.mirror is not None and desk.mirror.status.error:
        texts.append(f"Answers are not copied: {desk.mirror.status.error}")
    if desk.shelf.store.vanished:
        texts.append(
            f"{len(desk.shelf.store.vanished)} journal(s) of answers were removed while they were written. "
            "The answers are in the database alone until the app starts again."
        )
    if overview.alarm is not None:
        recent, before = f"{overview.alarm.recent:.0%}", f"{overview.alarm.before:.0%}"
        texts.append(
            f"Of the last answers {recent} are flagged or left out, before {before}: look at People."
        )
    if overview.people_alarm is not None:
        recent, before = f"{overview.people_alarm.recent:.0%}", f"{overview.people_alarm.before:.0%}"
        texts.append(f"Of the last people {recent} are left out, before {before}: look at People.")
    return [warning(text) for text in texts]


def people(rows: tuple[Person, ...]) -> str:
    """Draw one row per observer, the latest answer first. A long list is cut."""
    if not rows:
        return f"<p>{NOBODY}</p>"
    shown = rows[: dashboard.SHOWN]
    body = table(COLUMNS, [_person(row) for row in shown], ["out" if row.excluded else "" for row in shown])
    more = f"<p>and {len(rows) - len(shown)} more, all in the export</p>" if len(rows) > len(shown) else ""
    return body + more


def copied(desk: Desk, now: float) -> tuple[str, str]:
    """How far the copy on the Hub is, as a number and a few words."""
    if desk.shelf.settings.database:
        return "server", "its own backups are the copy"
    if desk.mirror is None:
        return "none", "no copy is kept: set UPLAPP_ANSWERS_REPO"
    state = desk.mirror.status
    if state.last_sync is None:
        return f"{state.unsynced}", "rows wait for the first copy"
    return f"{state.unsynced}", f"rows not copied yet; last copy {_ago(now - state.last_sync)}"


def _wrapped(*parts: str) -> str:
    return f'<div class="board">{"".join(parts)}</div>'


def _address(entry: Entry, study: OpenStudy, present: OpenStudy) -> str:
    """The address to send to observers. Its path is the page's own, so that it works behind any proxy."""
    if study.id != present.id:
        told = f"New people get edition {present.number}; whoever began edition {study.number} finishes it."
        return f'<div class="address">{told}</div>'
    only = " (by personal link only)" if study.definition.access.links_only else ""
    name = study.definition.name
    link = f'<a href="study/{quote(name)}" target="_blank">{escape(entry.study(name))}</a>'
    lines = [f"Observers take part at {link}{only}", *_recruiting(study.definition, entry.study(name))]
    return "".join(f'<div class="address">{line}</div>' for line in lines)


def _recruiting(definition: Definition, address: str) -> Iterator[str]:
    """What a panel needs to know, and until when fields that may name a person are kept."""
    if definition.panel.name:
        entered = f"<code>{escape(panel.entry(definition.panel, address))}</code>"
        yield f"Enter this address at {escape(definition.panel.name)}: {entered}"
    until = definition.retention.personal_until
    if until:
        yield f"What may name a person is deleted on {escape(until)} (UTC)."


def _tiles(overview: Overview, desk: Desk, now: float) -> str:
    """Draw the counts of the study, one a tile. People of a pilot are counted in a tile of their own."""
    people = [person for person in overview.people if not person.pilot]
    answers = sum(person.answers for person in people)
    counted = Counter(person.outcome for person in people if not person.excluded)
    flagged, out = sum(person.flagged for person in people), sum(overview.excluded.values())
    quota = f" of {overview.quota} wanted" if overview.quota is not None else ""
    tiles = (
        tile(overview.state, "the study is", overview.state),
        tile(f"{counted[FINISHED]}", f"finished{quota}"),
        tile(f"{counted[UNDER_WAY]}", f"under way; {counted[GIVEN_UP]} gave up"),
        tile(f"{len(people)}", f"observers; {sum(map(bool, (one.excluded for one in people)))} left out"),
        tile(f"{answers}", "answers"),
        tile(f"{overview.last_minute}", "in the last minute"),
        tile(f"{flagged / max(1, answers):.0%}", f"flagged: {flagged}"),
        tile(f"{out / max(1, answers):.0%}", f"left out: {out}"),
        tile(*copied(desk, now), "wide"),  # it may hold the name of a setting
        tile(f"{overview.simulated}", "simulated observers, kept apart"),
        *_pilot(overview),
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _pilot(overview: Overview) -> list[str]:
    """A tile of the pilot, if there is or was one."""
    count = sum(person.pilot for person in overview.people)
    on = "; who joins now is one of it" if overview.pilot else ""
    return [tile(f"{count}", f"in the pilot, kept apart{on}")] if count or on else []


def _person(row: Person) -> tuple[str, ...]:
    label = f" <small>{escape(row.label)}</small>" if row.label else ""
    share = row.done / max(1, row.total)
    progress = f"{bar(share, 'done' if row.finished else '')}<small>{row.done} of {row.total}</small>"
    if row.code:
        progress += f"<br><small>code {row.code}</small>"
    if row.outcome == GIVEN_UP and not row.excluded:
        progress += "<br><small>gave up</small>"
    if row.pilot:
        label += " <small>pilot</small>"
    return (
        f"<code>{escape(row.id)}</code>{label}",
        time.strftime("%d %b %H:%M", time.gmtime(row.joined_at)),
        progress,
        f"{row.minutes:.1f}",
        f"{row.flagged}",
        _hot(row.robotic_share, ROBOTIC_SHARE),
        _hot(row.late_share, BROKEN_SHARE),
        "" if row.swap_sd_ms is None else f"{row.swap_sd_ms:.2f}",
        escape(row.layout.replace("_", " ")),
        "" if row.pixel_ratio is None else f"{row.pixel_ratio:g}",
        escape(row.language),
        escape(row.excluded),
    )


def _hot(share: float, limit: float) -> str:
    """A share, in a colour where screening would point to it."""
    return f'<span class="hot">{share:.0%}</span>' if share > limit else f"{share:.0%}"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"
