"""Which restoration is ahead, and by how much more than chance: paired differences over images.

Run: python -m uplapp evaluate --task volume --data heads --level .1 --seeds 0 --csv heads-10.csv
     python benchmarks/paired.py heads-10.csv [psnr ssim cldice] [--pool _second] [--against NAME]

For each metric it prints the conditions in order of their means, and how far each lies behind the first: the
mean over images of the difference, with the half width of its 95% interval (Student). Conditions whose names
differ in the suffix that --pool gives, such as two seeds, count as one: their mean and their spread. With
--against it prints one table instead: how far each condition lies above that one, by the values as they are.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

LEVEL = 0.95


def half_width(differences: pd.Series) -> float:
    """Give the half width of the interval of a mean over images."""
    count = len(differences)
    return float(t.ppf((1 + LEVEL) / 2, count - 1) * differences.std() / np.sqrt(count))


def order(table: pd.DataFrame, column: str, pool: str) -> str:
    """Lay out the order by one metric as Markdown."""
    better = 1 if column.endswith("higher") else -1
    names = table["condition"].str.removesuffix(pool) if pool else table["condition"]
    each = table.assign(name=names).groupby(["name", "condition"])[column].mean()
    spread = each.groupby("name").agg(lambda values: values.max() - values.min())
    scores = table.assign(name=names).pivot_table(column, "scene", "name")
    ranked = (better * scores).mean().sort_values(ascending=False).index
    lines = [f"| {column.partition(':')[0]} | mean | behind the first | seeds apart |", "|---|---|---|---|"]
    for name in ranked:
        behind = better * (scores[ranked[0]] - scores[name])
        gap = f"{behind.mean():.3f} ± {half_width(behind):.3f}" if name != ranked[0] else "–"
        lines.append(f"| {name} | {scores[name].mean():.3f} | {gap} | {spread[name]:.3f} |")
    return "\n".join(lines)


def above(table: pd.DataFrame, columns: list[str], name: str) -> str:
    """Lay out the differences of all conditions from one of them as Markdown."""
    lines = ["| | " + " | ".join(column.partition(":")[0] for column in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    scores = {column: table.pivot_table(column, "scene", "condition") for column in columns}
    for other in table["condition"].unique():
        if other != name:
            differences = [each[other] - each[name] for each in scores.values()]
            cells = [f"{one.mean():+.3f} ± {half_width(one):.3f}" for one in differences]
            lines.append(f"| {other} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the orders of one file by the metrics that are named, or by all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scores", type=Path)
    parser.add_argument("metrics", nargs="*")
    parser.add_argument("--pool", default="")
    parser.add_argument("--against", default="")
    given = parser.parse_args()
    table = pd.read_csv(given.scores)
    known = list(table.columns[2:])
    columns = [one for one in known if not given.metrics or one.partition(":")[0] in given.metrics]
    if given.against:
        print(above(table, columns, given.against))
        return
    for column in columns:
        print(order(table, column, given.pool), end="\n\n")


if __name__ == "__main__":
    main()
