"""Small pictures and tables of the dashboard, as HTML that the browser only has to show."""

from collections.abc import Mapping, Sequence
from html import escape

STYLE = """
.board { display: grid; gap: 14px; }
.board .tiles { display: grid; gap: 10px; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); }
.board .tile { border: 1px solid var(--border-color-primary); border-radius: 10px; padding: 10px 12px; }
.board .tile { overflow-wrap: anywhere; }
.board .tile b { display: block; font-size: 1.65em; line-height: 1.15; font-variant-numeric: tabular-nums; }
.board .tile span { color: var(--body-text-color-subdued); font-size: .85em; }
.board .warn { border-left: 5px solid #d55e00; background: var(--background-fill-secondary);
  padding: 8px 12px; border-radius: 6px; }
.board .open b { color: #00795c; } .board .paused b { color: #b34700; } .board .closed b { color: #767676; }
.dark .board .open b { color: #2ec4a0; } .dark .board .paused b { color: #ff9a52; }
.board .address { overflow-wrap: anywhere; font-size: .95em; }
.board svg { width: 100%; height: 72px; display: block;
  border-bottom: 1px solid var(--border-color-primary); }
.board svg rect { fill: #0072b2; } .dark .board svg rect { fill: #56b4e9; }
.board .ends { display: flex; justify-content: space-between; font-size: .8em;
  color: var(--body-text-color-subdued); }
.board .pair { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); }
.board h4 { margin: 0 0 4px; font-size: .9em; font-weight: 600; }
.board .share { display: grid; grid-template-columns: minmax(90px, 40%) 1fr auto; gap: 8px;
  align-items: center; font-size: .9em; }
.bar { background: var(--background-fill-secondary); border-radius: 4px; height: 9px; overflow: hidden;
  min-width: 50px; }
.bar i { display: block; height: 100%; background: #0072b2; border-radius: 4px; }
.dark .bar i { background: #56b4e9; }
.bar.done i { background: #00795c; } .bar.late i { background: #d55e00; }
.people td { white-space: nowrap; } .people tr.out td { color: var(--body-text-color-subdued); }
.people small { color: var(--body-text-color-subdued); } .people .hot { color: #b34700; font-weight: 600; }
.dark .people .hot { color: #ff9a52; }
.sheet { overflow-x: auto; } .sheet table { border-collapse: collapse; }
.sheet img { width: 120px; max-width: none; image-rendering: pixelated; border-radius: 4px; display: block; }
.sheet th { font-weight: 500; font-size: .85em; text-align: left; padding: 2px 4px; }
.sheet td { padding: 2px 4px; } .sheet :is(table, tr, td, th) { border: 0 !important; }
.act.act.act { align-items: flex-end; } .act.act > button { flex: 0 1 auto !important; margin-bottom: 14px; }
.altair > .vega-embed.vega-embed { width: calc(100% - 16px); padding: 0; }
"""


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
