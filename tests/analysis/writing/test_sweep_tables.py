"""The tables of a sweep: figures that can be counted by hand, beside those of the report."""

import numpy as np
import pytest

from tests.analysis.swept import swept
from uplapp.analysis.reading.sweep import pairs, read_sweep, settings
from uplapp.analysis.writing.sweep import Published, sweep_tables
from uplapp.errors import UplappError
from uplapp.workflows.sweep import duration, write_tables

BEST = {
    (metric, target, inputs): ((96, 8, 6, 5000), 33.84)
    for metric in ("psnr", "ssim", "vif")
    for target in ("whole", "2x2", "3x3", "4x5")
    for inputs in ("uniform", "blur", "simplex")
}
PUBLISHED = Published(
    {"blur": 59.0}, {"whole": 54.7}, {(4, 32): 28.6}, {"k": 8, "iterations": 2000, "target": "4x5"}, BEST
)


def rows_of(text, title):
    """The cells of the table whose title begins so, without its head."""
    [part] = [part for part in text.split("## ") if part.startswith(title)]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_settings_are_ranked_by_the_criteria_of_the_report():
    table = swept()
    table.loc[(table["k"] == 16) & (table["start"] == "mean"), "psnr"] = 14.9
    table.loc[(table["k"] == 64) & (table["start"] == "mean"), "vif"] = 1.01
    rows = settings(table)
    assert len(rows) == 4 * 2 * 2 * 3 * 2
    assert rows.groupby("k")["unstable"].mean().to_dict() == {16: 0, 64: 0, 96: 0, 192: 1}
    assert rows.groupby("k")["ranked"].mean().to_dict() == {16: 0, 64: 0, 96: 1, 192: 0}


def test_a_setting_counts_once_all_its_starts_are_done():
    table = swept()
    unfinished = table[~((table["k"] == 96) & (table["start"] == "mean"))]
    assert set(settings(unfinished)["k"]) == {16, 64, 192}


def test_a_start_that_diverged_makes_a_setting_unstable():
    table = swept()
    means = (table["k"] == 16) & (table["start"] == "mean")
    table.loc[means, ["psnr", "cv"]] = np.nan
    table.loc[means, "ended"] = "diverged"
    rows = settings(table)
    assert rows[rows["k"] == 16]["unstable"].all()
    assert not rows[rows["k"] == 16]["ranked"].any()


def test_single_starts_are_ranked_by_themselves():
    rows = settings(swept(starts=1))
    assert len(rows) == 96
    assert not rows["unstable"].any()
    assert rows["psnr"].equals(rows["single_psnr"])


def test_pairs_differ_in_one_thing_alone():
    joined = pairs(settings(swept()), "inputs", "blur", "uniform")
    assert len(joined) == 32
    assert np.allclose(joined["psnr_first"] - joined["psnr_second"], 1)


def test_the_tables_stand_beside_the_published():
    text = sweep_tables(swept(), PUBLISHED)
    seconds = np.mean([16, 64, 96, 192]) * np.mean([4, 6]) / 8
    assert rows_of(text, "Table 4.1: mean seconds of a fit by target") == [
        ["whole", f"{seconds:.1f}", "54.7"]
    ]
    assert "k 16 (published 8), iterations 2000, target 4x5\n" in text
    assert rows_of(text, "Table 4.2") == [["4", "32", "9.0", "28.6"]]
    best = rows_of(text, "Table 4.3")
    assert len(best) == 12
    [whole] = [row for row in best if row[:2] == ["whole", "blur"]]
    assert whole[2:] == ["12 of 16", "{96, 8, 4, 2000}", "27.50", "{96, 8, 6, 5000}", "33.84", "-"]
    [absent] = [row for row in best if row[:2] == ["2x2", "blur"]]
    assert absent[2:5] == ["0 of 0", "-", "-"]


def test_our_figure_at_the_published_setting_stands_there():
    best = BEST | {("psnr", "whole", "blur"): ((64, 32, 4, 2000), 33.84)}
    text = sweep_tables(swept(), Published({}, {}, {}, PUBLISHED.conditions, best))
    [whole] = [row for row in rows_of(text, "Table 4.3") if row[:2] == ["whole", "blur"]]
    assert whole[-1] == "25.50"


def test_the_findings_are_differences_of_settings_that_share_the_rest():
    found = {row[0]: row[1:] for row in rows_of(sweep_tables(swept(), PUBLISHED), "Findings")}
    assert found["blur less uniform, PSNR (dB)"] == ["+1.00 (higher in 100%)", "24"]
    assert found["whole less 4x5, PSNR (dB)"] == ["+1.00 (higher in 100%)", "36"]
    assert found["mean of 2 less one start, PSNR"] == ["+0.50 dB (+0.50 to +0.50)", "72"]
    assert found["seconds, s 32 over 8, median"] == ["x 1.00", "48"]
    assert found["unstable, k 192"] == ["100%", "24"]
    assert found["unstable, target 4x5"] == ["25%", "48"]


def test_the_published_tables_ship(tmp_path):
    swept().to_csv(tmp_path / "sweep.csv", index=False)
    write_tables(tmp_path / "sweep.csv", tmp_path / "tables.md")
    text = (tmp_path / "tables.md").read_text()
    assert ["6", "8", "-", "44.0"] not in rows_of(text, "Table 4.2")
    assert [row[6] for row in rows_of(text, "Table 4.5")][:3] == ["0.42", "0.45", "0.46"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "cannot be read as the table of a sweep"),
        ("a,b\n1,2\n", "is not the table of a sweep; it has no column 'cv'"),
        (",".join(swept().columns) + "\n", "has no rows yet"),
    ],
)
def test_a_file_that_is_no_sweep_is_refused(tmp_path, content, sentence):
    (tmp_path / "sweep.csv").write_text(content)
    with pytest.raises(UplappError, match=sentence):
        read_sweep(tmp_path / "sweep.csv")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3 * 3600 + 1200, "3 h 20 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_two_words_at_most(seconds, words):
    assert duration(seconds) == words
