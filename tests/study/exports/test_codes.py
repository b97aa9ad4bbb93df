"""A panel pays by codes: each person's own, with what became of that person."""

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.study.exports import codes
from uplapp.study.session import joining, lifecycle, session
from uplapp.study.store.store import reading


def take_part(store, study, answers=None):
    """Somebody answers so many trials, or all. Returns the observer and the code that was shown."""
    who = joining.join(store, study, study.definition.consent.version, NOW)
    given = 0
    while (state := session.state(store, study, who)).trial is not None and given != answers:
        session.answer(store, study, who, state.trial.token, f"{given:032}", response(), NOW + given)
        given += 1
    return who, state.code


@pytest.fixture
def study(store, tmp_path):
    return open_tiny(store, tmp_path / "tiny")


@pytest.fixture
def listed(store, study, tmp_path):
    """The codes shown to three people who went through, the third of whom withdrew, and the listing."""
    shown = [take_part(store, study)[1] for _ in range(3)]
    take_part(store, study, answers=2)
    with reading(tmp_path / "answers.db") as reader:
        table = codes.listing(reader, study.definition.name).set_index("code")
    lifecycle.withdraw(store, study.id, table.loc[shown[2], "observer"], NOW)
    with reading(tmp_path / "answers.db") as reader:
        return shown, codes.listing(reader, study.definition.name)


def test_everybody_has_a_code_of_their_own_and_an_outcome(listed):
    shown, table = listed
    assert len(set(table["code"])) == len(table) == 4
    assert sorted(table["outcome"]) == ["finished", "finished", "under way", "withdrawn"]
    assert set(shown) < set(table["code"])
    assert (table.loc[table["outcome"] == "under way", "finished_utc"] == "").all()


def test_codes_that_people_hand_in_are_looked_up(listed):
    shown, table = listed
    under_way = table.loc[table["outcome"] == "under way", "code"].item()
    found = codes.checked(table, [shown[0].lower(), f" {shown[1]} ", "0123456789", under_way])
    assert list(found["outcome"]) == ["finished", "finished", "unknown", "unknown"]
    assert list(found["code"]) == [shown[0], shown[1], "0123456789", under_way]


def test_ids_of_a_panel_stand_beside_the_codes_only_where_they_are_asked_for(store, study, tmp_path):
    who, code = take_part(store, study)
    take_part(store, study)
    observer = store.row("SELECT id FROM observers WHERE session = :who", who=who)["id"]
    row = {"id": "p1", "observer": observer, "name": "PROLIFIC_PID", "value": "5f00d"}
    store.insert("panel", row)
    with reading(tmp_path / "answers.db") as reader:
        plain, whole = (codes.listing(reader, study.definition.name, NOW, ids) for ids in (False, True))
    assert "5f00d" not in plain.to_csv()
    assert dict(zip(whole["code"], whole["PROLIFIC_PID"], strict=True))[code] == "5f00d"
    assert sorted(whole["PROLIFIC_PID"]) == ["", "5f00d"]
    assert list(codes.checked(whole, [code, "0123456789"])["PROLIFIC_PID"]) == ["5f00d", ""]
