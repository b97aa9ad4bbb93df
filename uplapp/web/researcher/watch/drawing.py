"""Small pictures and tables of the dashboard, as HTML that the browser only has to show."""

from collections.abc import Mapping, Sequence
from html import escape


def tile(value: str, label: str, kind: str = "") -> str:
    """A large number over a few words."""
    return f'<div class="tile {escape(kind)}"><b>{escape(value)}</b><span>{escape(label)}</span></div>'


def warning(text: str) -> str:
    """What a researcher must not overlook."""
    return f'<div class="warn" role="alert">⚠ {escape(text)}</div>'


def bars(counts: Sequence[int], begin: str, end: str, unit: str) -> str:
    """Draw counts over time as bars. A bar shows its number on hover."""
    most = max([*counts, 1])
    rectangles = "".join(
        f'<rect x="{place + 0.08:.2f}" y="{100 * (1 - count / most):.1f}" width="0.84" '
        f'height="{100 * count / most:.1f}"><title>{count}</title></rect>'
        for place, count in enumerate(counts)
    )
    caption = f"{sum(counts)} answers, at most {max([*counts, 0])} {unit}"
    return (
        f'<div><h4>{escape(caption)}</h4><svg viewBox="0 0 {len(counts)} 100" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(caption)}">{rectangles}</svg>'
        f'<div class="ends"><span>{escape(begin)}</span><span>{escape(end)}</span></div></div>'
    )


def bar(share: float, kind: str = "") -> str:
    """How much of a whole, in [0,1]."""
    width = 100 * min(1.0, max(0.0, share))
    return f'<div class="bar {escape(kind)}"><i style="width:{width:.0f}%"></i></div>'


def shares(title: str, counts: Mapping[str, int], whole: int) -> str:
    """Draw counts by reason as bars of the whole, or nothing without a count."""
    rows = "".join(
        f'<div class="share"><span>{escape(name.replace("_", " "))}</span>'
        f"{bar(count / max(1, whole), 'late')}<span>{count}</span></div>"
        for name, count in counts.items()
    )
    return f"<div><h4>{escape(title)}</h4>{rows or '<div>none</div>'}</div>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str] = ()) -> str:
    """Draw a table whose cells are HTML already. `classes` mark rows."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    marks = classes or [""] * len(rows)
    body = "".join(
        f'<tr class="{escape(mark)}">{"".join(f"<td>{cell}</td>" for cell in row)}</tr>'
        for row, mark in zip(rows, marks, strict=True)
    )
    inner = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="numbers people"><table>{inner}</table></div>'
