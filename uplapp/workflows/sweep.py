"""What a sweep shows on the command line and leaves behind: progress, figures and tables."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uplapp.imaging.experiments.run import Progress

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


class SweepLine:
    """One line on stderr per fit that ended. `stopped` says that somebody asked to stop."""

    def __init__(self) -> None:
        self.stopped = False
        self.failures: list[str] = []

    def __call__(self, progress: "Progress") -> None:
        """Print the fit, and remember it if it failed."""
        result = progress.result
        name = f"{result.cell.name}, start {result.start}"
        if result.failure:
            self.failures.append(f"{name}: {result.failure}")
        outcome = result.failure or ", ".join(
            f"{row['psnr']} dB after {row['iterations']}" if row["psnr"] else f"{row['ended']}"
            for row in result.rows
        )
        left = f"{duration(progress.seconds_left)} left"
        print(f"{progress.done} of {progress.total}: {name}: {outcome}; {left}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Put a duration into two words, such as 3 h 20 min."""
    units = (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S), ("s", 1))
    for (name, length), (smaller, part) in pairwise(units):
        if seconds >= length:
            full, rest = divmod(int(seconds), length)
            return f"{full} {name} {rest // part} {smaller}"
    return f"{seconds:.0f} s"


def draw_figures(table: Path, folder: Path) -> list[Path]:
    """Draw the figures of a sweep's table as SVG files into a folder."""
    from uplapp.analysis.plots.figures import save
    from uplapp.analysis.plots.sweep import sweep_charts
    from uplapp.analysis.reading.sweep import read_sweep

    charts = sweep_charts(read_sweep(table))
    paths = {folder / f"{name}.svg": chart for name, chart in charts.items()}
    for path, chart in paths.items():
        save(chart, path)
    return list(paths)


def write_tables(table: Path, path: Path) -> None:
    """Write the tables of a sweep's table as Markdown, ours beside the published."""
    from uplapp import whole
    from uplapp.analysis.reading.sweep import read_sweep
    from uplapp.analysis.writing.sweep import Published, sweep_tables
    from uplapp.imaging.experiments import published as report

    entries = [entry for metric in report.CELLS for entry in report.best_settings(metric)]
    best = {
        (one.metric, one.target, one.inputs): ((one.k, one.s, one.l, one.iterations), one.value)
        for one in entries
    }
    published = Published(
        report.SECONDS_BY_INPUTS,
        report.SECONDS_BY_TARGET,
        report.SECONDS_BY_SHAPE,
        report.SHAPE_CONDITIONS,
        best,
    )
    whole.write_text(path, sweep_tables(read_sweep(table), published))
