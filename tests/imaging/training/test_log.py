"""The log of a run: means, scores, and what a resumed run keeps of it."""

from uplapp.imaging.training.log import AFTER_VALUES, Log, Progress, Scores, read_log


def tell(log, steps, of, scores=None):
    for step in steps:
        log.add(Progress("run", step, of, {"loss": float(step)}, (scores or {}).get(step)))


def column(path, name):
    return [row[name] for row in read_log(path)]


def test_a_row_holds_the_mean_loss_since_the_one_before(tmp_path):
    path = tmp_path / "log.csv"
    tell(Log(path, every=2), (1, 2, 3), of=3)
    assert (column(path, "step"), column(path, "loss")) == (["2", "3"], ["1.5", "3"])
    assert path.read_text().splitlines()[0] == ",".join(("step", "loss", *AFTER_VALUES))


def test_scores_have_a_row_of_their_own_step(tmp_path):
    path = tmp_path / "log.csv"
    tell(Log(path, every=10), range(1, 6), of=20, scores={5: Scores(30.25, 0.125)})
    [row] = read_log(path)
    assert (row["step"], row["validation_psnr"], row["validation_loss"]) == ("5", "30.2500", "0.125")


def test_a_resumed_run_repeats_the_rows_after_its_state_and_keeps_those_before(tmp_path):
    path = tmp_path / "log.csv"
    tell(Log(path, every=2), range(1, 9), of=12)
    tell(Log(path, step=5, every=2), range(6, 13), of=12)
    assert column(path, "step") == ["2", "4", "6", "8", "10", "12"]
    seconds = [float(text) for text in column(path, "seconds")]
    assert seconds == sorted(seconds)


def test_a_run_that_begins_anew_begins_its_log_anew(tmp_path):
    path = tmp_path / "log.csv"
    tell(Log(path, every=2), range(1, 5), of=12)
    tell(Log(path, every=2), range(1, 3), of=12)
    assert column(path, "step") == ["2"]


def test_a_row_that_a_kill_cut_short_is_left_out(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,seconds\n100,0.5,3.0\n200,0.4")
    tell(Log(path, step=200), [201], of=1000)
    assert column(path, "step") == ["100"]
    assert column(path, "validation_psnr") == [""]
