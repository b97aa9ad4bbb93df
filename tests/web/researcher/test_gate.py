import pytest

from tests.web.desks import TOKEN, settings
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.web.researcher.gate import TRIES, Gate, GateShut, gate

WRONG_TRIES = 200


def wrong(made, now=0.0, address="stranger"):
    """The seconds for which the reply to a wrong token is held back, and its sentence."""
    with pytest.raises(GateShut) as caught:
        made.enter("wrong", now, address)
    return caught.value.wait_s, str(caught.value)


def test_the_right_token_opens():
    Gate(TOKEN).enter(TOKEN, 0.0)


@pytest.mark.parametrize("offered", ["", TOKEN[:-1], TOKEN + " ", TOKEN.upper(), "ütf-8 ☃", "\ud800"])
def test_any_other_text_does_not(offered):
    with pytest.raises(GateShut, match="not the researcher's token"):
        Gate(TOKEN).enter(offered, 0.0)


@pytest.mark.parametrize("address", ["stranger", "researcher"])
def test_no_number_of_wrong_tries_shuts_out_the_right_token(address):
    made = Gate(TOKEN)
    [wrong(made) for _ in range(WRONG_TRIES)]
    made.enter(TOKEN, 0.0, address)


def test_wrong_tries_slow_down_their_address_and_no_other():
    made = Gate(TOKEN)
    waits = [wrong(made)[0] for _ in range(TRIES.burst + 2)]
    assert waits[: TRIES.burst] == [0.0] * TRIES.burst
    assert min(waits[TRIES.burst :]) > 1
    assert wrong(made, address="researcher")[0] == 0.0


def test_an_address_that_rests_is_fast_again():
    made = Gate(TOKEN)
    [wrong(made) for _ in range(WRONG_TRIES)]
    assert wrong(made, now=3600.0)[0] == 0.0


def test_a_slow_reply_says_why_and_no_sentence_holds_the_token():
    made = Gate(TOKEN)
    sentences = [wrong(made)[1] for _ in range(TRIES.burst + 1)]
    assert sentences[0] == "This is not the researcher's token."
    assert "replies to them come slowly" in sentences[-1]
    assert not any(TOKEN in sentence for sentence in sentences)


def test_on_a_space_without_the_secret_nobody_enters_and_the_secret_is_named(capsys):
    made = gate(Settings.from_env({"SPACE_ID": "lab/uplapp"}))
    assert made.missing
    with pytest.raises(GateShut, match="UPLAPP_ADMIN_TOKEN"):
        made.enter("", 0.0)
    assert capsys.readouterr().err == ""


def test_on_ones_own_machine_a_random_token_is_printed_once_and_opens(capsys):
    first = gate(Settings.from_env({}))
    printed = capsys.readouterr().err
    token = printed.strip().rpartition(" ")[2]
    assert len(token) >= 24
    first.enter(token, 0.0)
    gate(Settings.from_env({}))
    assert token not in capsys.readouterr().err


def test_a_token_that_is_set_is_never_printed(tmp_path, capsys):
    gate(settings(tmp_path)).enter(TOKEN, 0.0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("environment", "forgetful"),
    [
        ({}, False),
        ({"SPACE_ID": "a/b"}, True),
        ({"SPACE_ID": "a/b", "UPLAPP_ANSWERS_REPO": "a/c"}, False),
        ({"SPACE_ID": "a/b", "UPLAPP_DATABASE": "postgresql://a/b"}, False),
    ],
)
def test_only_a_space_without_a_copy_forgets(environment, forgetful):
    assert Settings.from_env(environment).forgetful == forgetful


def test_an_empty_secret_is_none():
    assert Settings.from_env({"UPLAPP_ADMIN_TOKEN": ""}).admin_token is None


def test_each_researcher_has_a_name_and_a_token():
    text = "anna=anna-s secret, ben=ben-s secret!"
    own = Settings.from_env({"UPLAPP_ADMIN_TOKEN": TOKEN, "UPLAPP_RESEARCHERS": text})
    made = gate(own)
    tokens = (TOKEN, "anna-s secret", "ben-s secret!")
    assert [made.enter(token, 0.0) for token in tokens] == ["researcher", "anna", "ben"]
    assert wrong(made)[0] == 0.0
    assert not gate(Settings.from_env({"SPACE_ID": "x/y", "UPLAPP_RESEARCHERS": text})).missing


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("UPLAPP_RESEARCHERS", "anna", "NAME=TOKEN"),
        ("UPLAPP_RESEARCHERS", "anna=short", "12 characters"),
        ("UPLAPP_RESEARCHERS", "anna=one long token,ben=one long token", "each needs its own"),
        ("UPLAPP_ALARM_WEBHOOK", "file:///etc/passwd", "http:// or https://"),
    ],
)
def test_settings_that_cannot_be_are_said(name, text, message):
    with pytest.raises(UplappError, match=message):
        Settings.from_env({name: text})
