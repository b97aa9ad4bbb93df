import pytest

from tests.web.desks import TOKEN, settings
from uplapp.settings import Settings
from uplapp.web.researcher.gate import LOCKED_S, TRIES, Gate, GateShut, gate


@pytest.fixture
def shut():
    """A gate that was locked at time 0."""
    made = Gate(TOKEN)
    for _ in range(TRIES):
        with pytest.raises(GateShut):
            made.enter("wrong", 0.0)
    return made


def opens(made, offered, now) -> bool:
    try:
        made.enter(offered, now)
    except GateShut:
        return False
    return True


def test_the_right_token_opens():
    assert opens(Gate(TOKEN), TOKEN, 0.0)


@pytest.mark.parametrize("offered", ["", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), "ütf-8 ☃", "\ud800"])
def test_any_other_text_does_not(offered):
    with pytest.raises(GateShut, match="not the researcher's token"):
        Gate(TOKEN).enter(offered, 0.0)


@pytest.mark.parametrize("now", [0.0, LOCKED_S - 0.1])
def test_after_ten_wrong_tries_the_right_token_is_refused_too(shut, now):
    with pytest.raises(GateShut, match="locked for another"):
        shut.enter(TOKEN, now)


def test_after_fifteen_minutes_it_opens_again(shut):
    assert opens(shut, TOKEN, LOCKED_S)


def test_tries_during_the_lock_do_not_lengthen_it(shut):
    assert not opens(shut, "wrong", LOCKED_S - 1)
    assert opens(shut, TOKEN, LOCKED_S)


def test_nine_wrong_tries_and_the_right_one_begin_the_count_anew():
    made = Gate(TOKEN)
    for _ in range(3):
        for _ in range(TRIES - 1):
            with pytest.raises(GateShut, match=r"token\.$"):
                made.enter("wrong", 0.0)
        assert opens(made, TOKEN, 0.0)


def test_the_tenth_wrong_try_says_that_it_was(shut):
    made = Gate(TOKEN)
    told = []
    for _ in range(TRIES):
        with pytest.raises(GateShut) as caught:
            made.enter("wrong", 0.0)
        told.append(str(caught.value))
    assert "locked for 15 min" in told[-1]
    assert not any("locked" in text for text in told[:-1])


def test_no_sentence_tells_the_token(shut):
    with pytest.raises(GateShut) as caught:
        shut.enter("wrong", 1.0)
    assert TOKEN not in str(caught.value)


def test_on_a_space_without_the_secret_nobody_enters_and_the_secret_is_named(capsys):
    made = gate(Settings.from_env({"SPACE_ID": "lab/uplapp"}))
    assert made.missing
    with pytest.raises(GateShut, match="UPLAPP_ADMIN_TOKEN"):
        made.enter("", 0.0)
    assert capsys.readouterr().err == ""


def test_on_ones_own_machine_a_random_token_is_told_once_and_opens(capsys):
    first = gate(Settings.from_env({}))
    told = capsys.readouterr().err
    token = told.strip().rpartition(" ")[2]
    assert len(token) >= 24
    first.enter(token, 0.0)
    gate(Settings.from_env({}))
    assert token not in capsys.readouterr().err


def test_a_token_that_is_set_is_never_printed(tmp_path, capsys):
    gate(settings(tmp_path)).enter(TOKEN, 0.0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("environment", "forgetful"),
    [({}, False), ({"SPACE_ID": "a/b"}, True), ({"SPACE_ID": "a/b", "UPLAPP_ANSWERS_REPO": "a/c"}, False)],
)
def test_only_a_space_without_a_copy_forgets(environment, forgetful):
    assert Settings.from_env(environment).forgetful == forgetful


def test_an_empty_secret_is_none():
    assert Settings.from_env({"UPLAPP_ADMIN_TOKEN": ""}).admin_token is None
