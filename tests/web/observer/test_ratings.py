"""A rating study over the real addresses, from the welcome to the completion code."""

from dataclasses import replace

import pytest

from tests.study import rated
from tests.study.tiny import NOW, write_study
from uplapp.study.exports import ratings
from uplapp.study.session import opening

GRADE = {"name": "grade", "question": "Which grade?", "scale": "grade3"}
TRIALS = 1 + 8 + 1 + 1


@pytest.fixture(params=["shown", "hidden"])
def study(request, store, tmp_path):
    folder = write_study(tmp_path / "tiny", conditions=rated.CONDITIONS, scenes=("a", "b"), size=(32, 24))
    made = rated.definition(
        ("a", "b"),
        criteria=(rated.QUALITY, GRADE),
        reference=request.param,
        practice=1,
        catch=1,
        repeats=1,
    )
    return opening.open_study(store, replace(made, name="tiny"), folder, NOW)


def answer(observer, trial, ratings, **changes):
    body = rated.body(ratings, **changes)
    return observer.post("answer", body | {"token": trial["token"], "key": f"key of {trial['token']}"})


def rate_all(observer, state):
    """Rate every image and return the last state and the number of images."""
    count = 0
    while state["trial"]:
        state, count = (
            answer(observer, state["trial"], {"quality": 1 + count % 5, "grade": 0}).json(),
            count + 1,
        )
    return state, count


def test_the_welcome_names_the_task_and_its_scales(client, study):
    welcome = client.get("/study/api/tiny/welcome").json()
    assert welcome["task"] == "rating"
    assert [entry["values"] for entry in welcome["criteria"]] == [[1, 2, 3, 4, 5], [0, 1, 2, 3]]
    assert welcome["trials"] == TRIALS - 1


def test_a_trial_holds_one_image_and_its_reference_only_where_it_is_shown(observer, study):
    trial = observer.join()["trial"]
    assert trial["right"] == ""
    assert bool(trial["original"]) == (study.definition.rating.reference == "shown")
    assert observer.get(f"picture/{trial['left']}").content.startswith(b"\x89PNG")


def test_no_token_but_those_of_the_trial_leads_to_a_picture(observer, store, study):
    trial = observer.join()["trial"]
    row = store.row("SELECT * FROM trials WHERE token = :token", token=trial["token"])
    assert observer.get(f"picture/{row['right_token']}").status_code == 404
    shown = study.definition.rating.reference == "shown"
    assert observer.get(f"picture/{row['original_token']}").status_code == (200 if shown else 404)


def test_an_observer_rates_all_images_and_gets_a_code(observer, store, study):
    state, count = rate_all(observer, observer.join())
    assert count == TRIALS
    assert state["code"]
    table = ratings.ratings(store, study.id)
    assert len(table) == 2 * TRIALS
    assert table[table["kind"] == "main"].groupby(["condition", "scene"]).size().tolist() == [2] * 8
    assert set(table.loc[table["kind"] == "catch", "condition"]) == {"reference"}


def test_no_reply_reveals_a_condition(observer, study):
    state = observer.join()
    reply = answer(observer, state["trial"], {"quality": 3, "grade": 1}).text
    assert [name for name in (*rated.CONDITIONS, "reference", "catch", "repeat") if f'"{name}' in reply] == []


@pytest.mark.parametrize(
    ("ratings", "changes"),
    [
        ({"quality": 9, "grade": 1}, {}),
        ({"quality": 3}, {}),
        ({"quality": 3, "grade": 1, "l1": 2}, {}),
        ({"quality": 3, "grade": 1}, {"choice": "left"}),
        ({"quality": 3, "grade": 1}, {"layout": "side_by_side"}),
    ],
)
def test_a_rating_off_its_scale_is_refused_and_not_stored(observer, store, ratings, changes):
    reply = answer(observer, observer.join()["trial"], ratings, **changes)
    assert (reply.status_code, reply.json()["reason"]) == (422, "bad")
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 0


def test_a_rating_sent_twice_is_stored_once(observer, store):
    trial = observer.join()["trial"]
    replies = [answer(observer, trial, {"quality": 3, "grade": 1}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1
