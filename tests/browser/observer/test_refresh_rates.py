"""The player on displays that no test machine has: its own module, on frames of a made-up clock."""

from contextlib import closing

import numpy as np
import pytest

from tests.study.tiny import open_tiny
from tests.web.serving import mounted, serving
from uplapp.study.answers.response import phase_frames
from uplapp.study.store.store import Store

pytestmark = pytest.mark.browser
SECONDS = 40
# The real player.js; the times of the frames are rounded to .1 ms, as a browser does, or to a coarser step.
PLAY = """
async ({ rate, phaseMs, seconds, pause, absent, late, step }) => {
  let number = 0, away = 0;
  const waiting = [];
  window.requestAnimationFrame = (callback) => waiting.push(callback);
  window.cancelAnimationFrame = () => { waiting.length = 0; };
  let read = 0; // who reads the clock takes a hundredth of a millisecond
  const exact = () => away + 12345.678 + 1000 * number / rate;
  const rounded = (time) => step ? step * Math.floor(time / step) : Math.round(10 * time) / 10;
  performance.now = () => rounded(exact() + (read += 0.01));
  const turn = (frames = 1) => {
    number += frames;
    const time = rounded(exact());
    waiting.splice(0).forEach((callback) => callback(time));
  };
  const { FlickerPlayer, measureFrame } = await import('./static/trial/player.js');
  let frameMs = 0;
  measureFrame().then((found) => { frameMs = found; });
  for (let n = 0; !frameMs; n += 1) {
    if (n === 30) away += pause;
    turn(n % 10 < 10 * late ? 2 : 1);
    await null;
  }
  const bitmap = await createImageBitmap(new ImageData(2, 2));
  const player = new FlickerPlayer([new OffscreenCanvas(2, 2)].map((canvas) => Object.assign(canvas, {
    style: {}, getBoundingClientRect: () => ({ left: 0, top: 0 }) })), { phaseMs });
  player.load(bitmap, [bitmap]);
  player.start(frameMs);
  const half = seconds * rate / 2;
  for (let n = 0; n < half; n += 1) turn();
  if (absent) { player.pause(); away += absent; player.resume(); }
  for (let n = 0; n < half; n += 1) turn();
  return player.log;
}
"""


@pytest.fixture(scope="module")
def opened(chromium, tmp_path_factory):
    """The page of a study, which each test loads anew."""
    folder = tmp_path_factory.mktemp("displays")
    with closing(Store(folder / "answers.db")) as store:
        study = open_tiny(store, folder / "tiny")
        with serving(mounted(store, {"tiny": study})) as address, closing(chromium.new_page()) as page:
            page.goto(f"{address}/study/tiny")
            yield page


@pytest.fixture
def play(opened):
    """`play(rate, phase_ms)`: the log of a player after 40 s on a display of that rate."""
    page, errors = opened, []

    def note(error):
        errors.append(str(error))

    page.on("pageerror", note)
    page.reload()

    def played(rate, phase_ms, pause=0, absent=0, late=0, step=0):
        choice = {"pause": pause, "absent": absent, "late": late, "step": step}
        return page.evaluate(PLAY, {"rate": rate, "phaseMs": phase_ms, "seconds": SECONDS, **choice})

    yield played
    page.remove_listener("pageerror", note)
    assert errors == []


@pytest.mark.parametrize("phase_ms", [500.0, 250.0, 125.0, 100.0])
@pytest.mark.parametrize("rate", [24, 30, 50, 59.94, 60, 75, 90, 120, 144, 165, 240])
def test_every_refresh_rate_swaps_evenly_at_whole_frames_next_to_the_phase(play, rate, phase_ms):
    log = play(rate, phase_ms)
    intervals = np.diff(log["swaps_ms"])
    assert log["frame_ms"] == pytest.approx(1000 / rate, rel=2e-4)
    assert log["frames_per_phase"] == phase_frames(phase_ms, log["frame_ms"])
    assert log["frames_per_phase"] * 1000 / rate == pytest.approx(phase_ms, abs=510 / rate)
    assert intervals.mean() == pytest.approx(log["frames_per_phase"] * 1000 / rate, rel=1e-3)
    assert intervals.std(ddof=1) < 0.5
    assert log["gaps_ms"] == []


@pytest.mark.parametrize("rate", [30, 60, 240])
def test_a_page_hidden_while_the_display_is_measured_measures_the_display(play, rate):
    assert play(rate, 250.0, pause=5_004.3)["frame_ms"] == pytest.approx(1000 / rate, rel=2e-4)


@pytest.mark.parametrize("late", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("rate", [30, 60, 240])
def test_a_busy_machine_measures_the_display_and_not_its_own_late_frames(play, rate, late):
    assert play(rate, 250.0, late=late)["frame_ms"] == pytest.approx(1000 / rate, rel=2e-4)


@pytest.mark.parametrize("rate", [30, 60, 240])
def test_a_page_hidden_in_the_middle_goes_on_where_the_phase_was(play, rate):
    log = play(rate, 250.0, absent=60_000)
    swaps = np.array(log["swaps_ms"])
    assert log["gaps_ms"] == []
    assert log["missed_frames"] == 0
    assert log["paused_ms"] == pytest.approx(60_000, abs=0.3)
    seen = np.where(swaps > 30_000, swaps - log["paused_ms"], swaps)
    assert np.diff(seen).std(ddof=1) < 0.5


@pytest.mark.parametrize("step", [1000 / 60, 100])
@pytest.mark.parametrize("rate", [30, 60, 144])
def test_a_browser_with_a_coarse_clock_measures_the_display_and_swaps_at_whole_frames(play, rate, step):
    log = play(rate, 250.0, step=step)
    assert log["frame_ms"] == pytest.approx(1000 / rate, rel=0.02)
    assert log["frames_per_phase"] == phase_frames(250.0, log["frame_ms"])
    phase_ms = log["frames_per_phase"] * 1000 / rate
    assert np.diff(log["swaps_ms"]).mean() == pytest.approx(phase_ms, rel=0.03)
    assert log["missed_frames"] == 0
