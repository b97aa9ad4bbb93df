"""What the flicker preview says about change: good or bad only where there is a reference."""

import pytest

from uplapp.web.observer.preview import flicker_frame

PNG = b"the bytes of a picture"
BETTER = "less change is better"


def test_against_the_reference_less_change_is_better():
    shown = flicker_frame(PNG, {"A": PNG})
    assert "Flicker against the reference" in shown
    assert BETTER in shown


@pytest.mark.parametrize("against", ["noisy input", "zero-filled input"])
def test_against_the_input_less_change_is_not_called_better(against):
    shown = flicker_frame(PNG, {"A": PNG}, against=against)
    assert f"Flicker against the {against}" in shown
    assert BETTER not in shown.lower()
    assert "was not restored" in shown


def test_the_caption_says_which_part_is_shown_and_keeps_text_text():
    shown = flicker_frame(PNG, {"A": PNG}, against="<b>", part="the middle 512 px")
    assert "(the middle 512 px)" in shown
    assert "<b><b>" not in shown
