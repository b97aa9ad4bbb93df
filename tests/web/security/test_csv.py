"""No cell of any file that leaves the app is a formula to a spreadsheet, whatever people wrote."""

import csv
import io
import itertools

import pandas as pd
import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.writing.report import report
from uplapp.analysis.writing.report import to_csv as report_to_csv
from uplapp.plain import to_csv
from uplapp.study.answers import replies
from uplapp.study.exports import streaming, votes
from uplapp.study.session import joining, links, session
from uplapp.study.store.store import reading
from uplapp.values import Method

MARKS = ("=", "+", "-", "@", "\t", "\r")
FORMULAS = (
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x","y")',
    "'=1+1",
    "=cmd|' /C calc'!A0",
)


def dangerous(text: str) -> list[str]:
    """Cells that a spreadsheet would run, which a plain number is not."""
    cells = itertools.chain.from_iterable(csv.reader(io.StringIO(text, newline="")))
    return [cell for cell in cells if cell.startswith(MARKS) and not is_number(cell)]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell[0] not in "\t\r"


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_search_for_formulas_finds_one(formula):
    cell = formula if formula.startswith(MARKS) else formula[1:]
    table = pd.DataFrame({"a": [cell], "b": [-1.5]})
    assert len(dangerous(table.to_csv(index=False))) == 1


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_reply_to_a_question_is_no_formula(store, tmp_path, formula):
    study = open_tiny(store, tmp_path / "tiny")
    joining.join(store, study, study.definition.consent.version, NOW)
    observer = store.row("SELECT * FROM observers")
    replies.keep(store, observer, {"comment": formula}, NOW)
    text = to_csv(pd.DataFrame(replies.listing(store, study.id)))
    assert dangerous(text) == []
    assert formula.strip() in text.replace('""', '"')


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_end_inside_a_text_begins_no_row_with_a_formula(end):
    text = to_csv(pd.DataFrame({"comment": [f"fine{end}=1+1"], "after": ["x"]}))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["comment", "after"], ["fine\n=1+1", "x"]]


@pytest.mark.parametrize("formula", [formula for formula in FORMULAS if formula.isprintable()])
def test_a_label_of_a_link_is_no_formula(store, tmp_path, formula):
    study = open_tiny(store, tmp_path / "tiny")
    links.make(store, study.id, [formula], NOW)
    text = to_csv(pd.DataFrame(links.listing(store, study.id)))
    assert dangerous(text) == []


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_reason_to_exclude_is_no_formula_in_the_votes_whole_or_in_pieces(store, tmp_path, formula):
    study = open_tiny(store, tmp_path / "tiny", practice=0)
    who = joining.join(store, study, study.definition.consent.version, NOW)
    token = session.state(store, study, who).trial.token
    session.answer(store, study, who, token, "k", response(), NOW)
    store.update("observers", store.row("SELECT id FROM observers")["id"], {"excluded": formula})
    whole = to_csv(votes.votes(store, study.id, everything=True))
    with reading(tmp_path / "answers.db") as reader:
        pieces = "".join(streaming.csv(reader, study.id, streaming.Wanted(everything=True)))
    assert dangerous(whole) == []
    assert pieces == whole
    assert len(whole.splitlines()) >= 2


@pytest.mark.parametrize("formula", FORMULAS)
def test_names_in_a_ranking_are_no_formulas(formula):
    rows = [
        {
            "observer": f"{formula}{who}",
            "condition_A": formula.strip(),
            "condition_B": "b",
            "is_A_selected": who % 2,
        }
        for who in range(4)
    ]
    result = report(from_table(pd.DataFrame(rows)), Method(bootstraps=50))
    text = report_to_csv(result)
    assert dangerous(text) == []
    assert "HYPERLINK" in text or formula.strip()[:3] in text
