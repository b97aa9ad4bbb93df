"""Tables of the analysis as the page shows them."""

import re

from uplapp.web.analysis.words import interval, table

SIGN = '<i class="sign">-</i>'


def test_columns_of_numbers_are_marked_and_names_are_not():
    drawn = table({"#": [1, 2], "Condition": ["l1", "2 x"], "p": ["< .001", ""], "Chosen": ["72%", "9%"]})
    assert re.findall(r"<th( class=\"\w+\")?>(.*?)</th>", drawn) == [
        (' class="number"', "#"),
        ("", "Condition"),
        (' class="number"', "p"),
        (' class="number"', "Chosen"),
    ]


def test_a_number_without_a_sign_keeps_the_room_of_one_beside_others_that_have_it():
    cells = [interval(0.7, 0.56, 0.84), interval(-0.1, -0.23, 0.03), interval(0.1, float("nan"), 0.0)]
    drawn = re.findall(r"<td[^>]*>(.*?)</td>", table({"JOD": cells}))
    assert [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in drawn] == [
        f"{SIGN}0.70 [{SIGN}0.56, {SIGN}0.84]",
        f"-0.10 [-0.23, {SIGN}0.03]",
        f"{SIGN}0.10 [no interval]",
    ]
    assert SIGN not in table({"JOD": cells[:1]})


def test_a_limit_near_zero_shows_on_which_side_it_lies():
    assert interval(-0.13, -0.26, -0.003).endswith("-0.003]")


def test_cells_are_escaped_and_empty_columns_left_out():
    drawn = table({"A": ["<b>1</b>"], "B": [""], "C": ["1 < 2 & more"]})
    assert "&lt;b&gt;1&lt;/b&gt;" in drawn
    assert "1 &lt; 2 &amp; more" in drawn
    assert drawn.count("<th") - drawn.count("<thead") == 2
