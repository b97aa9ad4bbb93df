"""The LaTeX table compiles whatever the names are, and holds the numbers."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.made import matrix, study, table
from uplapp.analysis.reading.published import published
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring.covariate import against
from uplapp.analysis.writing.latex import MOST_LETTERS, escape, to_latex
from uplapp.analysis.writing.report import report
from uplapp.values import Comparisons, Method

QUICK = Method(bootstraps=20)
PLAIN = {
    r"\textbackslash": "\\",
    r"\textasciicircum": "^",
    r"\textasciitilde": "~",
    r"\textless": "<",
    r"\textgreater": ">",
    r"\textbar": "|",
    r"\textasciigrave": "`",
}
TOKEN = re.compile(r"\\[a-zA-Z]+\{\}|\\[{}$&#%_]|\{\}|[^\\{}$&#%_^~]")


def printed(latex):
    """What LaTeX prints.

    Fails on anything that is not an escaped token.
    """
    tokens = TOKEN.findall(latex)
    assert "".join(tokens) == latex
    words = [
        PLAIN.get(token[:-2]) or token.removeprefix("\\").replace("{}", "")
        for token in tokens
        if token != "{}"
    ]
    return "".join(words)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_name_prints_as_it_is(name):
    expected = "".join(letter if letter.isprintable() else " " for letter in name).replace('"', "''")
    assert printed(escape(name)).replace("``", "''") == expected


@given(st.text(alphabet="-',`?!<>", max_size=12))
def test_no_two_characters_melt_into_a_ligature(name):
    assert not re.search(r"--|,,|''|<<|>>|``|[?!]`", escape(name))


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("LPIPS+l2", "LPIPS+l2"),
        ("a_b & 50%", r"a\_b \& 50\%"),
        ("x--y", "x-{}-y"),
        ("a\nb", "a b"),
        ('a "b c" d', "a ``b c'' d"),
        ('5" (x)', "5'' (x)"),
    ],
)
def test_common_names_are_escaped_as_one_would_by_hand(name, latex):
    assert escape(name) == latex


@settings(max_examples=25)  # each example is an analysis
@given(st.lists(st.text(min_size=1, max_size=20), min_size=3, max_size=3, unique=True))
def test_every_row_has_as_many_cells_as_the_head_and_braces_balance(names):
    made = matrix((0, 3, 2), (1, 0, 2), (1, 2, 0))
    text = to_latex(report(Comparisons(tuple(names), (), made.wins), Method(bootstraps=2)))
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    cells = [len(re.findall(r"(?<!\\)&", line)) for line in body.splitlines() if line.endswith(r"\\")]
    assert cells == [5] * 4
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


def test_the_table_holds_ranks_scores_intervals_letters_and_votes():
    result = report(published("denoising"), Method(bootstraps=50))
    table, ranks = to_latex(result).split(r"\end{table}")[:2]
    rows = [line.strip() for line in table.splitlines() if " & " in line]
    place = result.scores.conditions.index("LPIPS+l2")
    low, high = result.scores.low[place], result.scores.high[place]
    assert rows[1].startswith(rf"1 & LPIPS+l2 & $0.70$ & $[{low:.2f}, {high:.2f}]$ & a & 72 ")
    assert rows[-1].startswith("6 & l2 & $-0.63$ & ")
    assert r"LPIPS+l2 & 1 & 1 & 100\% \\" in ranks


def test_spread_and_covariate_have_tables_of_their_own():
    made = report(from_table(table(tuple("opqrst"), ("sea", "oak"))), QUICK)
    numbers = against(made.scores, {"a": 1.0, "b": 2.0, "c": 3.0}, "50% rate")
    text = to_latex(replace(made, covariate=numbers))
    spread, covariate = (text.split(rf"\label{{tab:{label}}}")[1] for label in ("spread", "covariate"))
    assert f"All & ${made.spread.overall:.2f}$ & $[{made.spread.overall_low:.2f}, " in spread
    assert rf"Slope, JOD per unit of 50\% rate & ${numbers.slope.value:.3g}$" in covariate
    assert "tab:covariate" not in to_latex(made)


def test_the_note_names_unit_interval_and_number_of_votes():
    text = to_latex(report(study(np.array([0.5, 0, -0.5]), 5, 6, seed=1), Method(bootstraps=40, anchor="b")))
    assert "90 pairwise comparisons of 5 observers" in text
    assert r"75\% of answers choose the better one; 0 is b" in text
    assert "Student's t with 4 degrees of freedom on 40 bootstrap replicates" in text


def test_what_is_undefined_is_a_dash():
    text = to_latex(report(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=2)))
    assert re.search(r"1 & a & -- & -- & .*100 \\\\\n", text)
    assert "nan" not in text.lower().replace("\\", "")


def test_simulated_observers_head_the_caption():
    made = study(np.array([0.5, -0.5]), 4, 6, seed=0)
    simulated = Comparisons(made.conditions, made.observers, made.wins, simulated=True)
    assert r"\caption{SIMULATED OBSERVERS. " in to_latex(report(simulated, QUICK))


def test_words_of_many_letters_stay_out_of_the_table():
    result = report(study(np.array([0.5, 0, -0.5]), 5, 6, seed=1), QUICK)
    long = type(result)(**{**vars(result), "letters": ("a" * (MOST_LETTERS + 1), "b", "c")})
    assert "Tied" in to_latex(result)
    assert "Tied" not in to_latex(long)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_table_compiles(tmp_path):
    made = matrix((0, 3, 2), (1, 0, 2), (1, 2, 0))
    names = ("a_b & {c} $d$", "100% #1 ~^\\", '[x] --`` <"|">')
    text = to_latex(report(Comparisons(names, (), made.wins), QUICK))
    source = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" + text + "\\end{document}"
    (tmp_path / "t.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "t.tex"], cwd=tmp_path, check=False)
    assert done.returncode == 0
