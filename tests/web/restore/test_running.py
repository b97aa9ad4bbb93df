"""A fit is followed: it is shown, it ends with what it has where a visitor wants that, or is thrown away."""

import re
import threading

import torch

from uplapp.errors import Cancelled
from uplapp.imaging.fitting import Curve, State
from uplapp.imaging.restorers.restorer import proceed
from uplapp.web.restore import live
from uplapp.web.restore.running import Fit, Wish, following

PICTURE = torch.full((1, 4, 6), 0.5)
CURVE = Curve((1, 2), (0.3, 0.2), (float("nan"), 0.4))


def state(iteration, picture=PICTURE, curve=CURVE):
    return State(iteration, 9000, 0.1, 0.2, 5.0, 90.0, picture, curve)


class Fitting:
    """Work that fits until it is stopped, and says how it ended."""

    def __init__(self):
        self.ended, self.pause = None, threading.Event()

    def __call__(self, watch, hear):
        try:
            for iteration in range(1, 9000):
                proceed(watch, iteration / 9000, f"iteration {iteration}")
                first = iteration == 1
                if not hear("A", state(iteration, *([] if first else [None, Curve()]))):
                    self.ended = "kept"
                    break
                self.pause.wait(0.01)
        except Cancelled:
            self.ended = "thrown away"
            raise
        hear("A", None)
        return self.ended


def following_a_fit(work, wish, heard):
    return following(work, lambda share, desc: heard.append(desc), lambda fit: fit, wish)


def test_a_fit_keeps_its_last_picture_and_curve_on_screen_and_ends_with_what_it_has():
    wish, heard, shown = Wish(stop=True), [], []  # what was wished of an earlier fit is forgotten
    job = following_a_fit(Fitting(), wish, heard)
    ends = []

    def until_its_end():
        ends.append((yield from job))

    for update in until_its_end():
        if isinstance(update, Fit):
            shown.append(update)
            wish.stop = True
    assert ends == ["kept"]
    assert (shown[0].label, shown[0].picture, shown[0].curve) == ("A", PICTURE, CURVE)
    assert shown[0].state.iteration > 1
    assert heard
    assert all(re.fullmatch(r"iteration \d+", said) for said in heard)  # a fit says itself how far it is


def test_a_fit_that_nobody_waits_for_is_thrown_away():
    work = Fitting()
    job = following_a_fit(work, Wish(), [])
    next(job)
    job.close()
    assert work.ended == "thrown away"


def test_a_fit_on_the_page_says_how_far_it_is_and_the_button_that_it_was_pressed():
    fit = Fit("A <b>", state(340), PICTURE, CURVE)
    column, line, picture, chart, keep = live.running(fit, Wish())
    assert column["visible"]
    assert "A &lt;b&gt;: iteration 340 of 9,000, 5.0 per second, at most 2 min left" in line
    assert 'src="data:image/jpeg;base64,' in picture
    assert chart.to_dict()["concat"]
    assert (keep["value"], keep["interactive"]) == (live.KEEP, True)
    *_, pressed = live.running(fit, Wish(stop=True))
    assert (pressed["value"], pressed["interactive"]) == (live.KEEPING, False)
    assert live.gone()[0]["visible"] is False
