import errno
import json

import pytest

from tests.calling import printer
from tests.study.rated import GRADING, SCENES
from tests.study.tiny import NOW, response, write_study
from uplapp.commands.shared import opened
from uplapp.commands.study import app
from uplapp.errors import UplappError
from uplapp.settings import DATABASE, Settings
from uplapp.study.answers import replies
from uplapp.study.definition import PLACES
from uplapp.study.exports import streaming
from uplapp.study.session import joining, session
from uplapp.study.store.store import new_token

run = printer(app)


def refused(*words):
    with pytest.raises(UplappError) as caught:
        run(*words)
    return str(caught.value)


@pytest.fixture
def studies(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path / "data", checkpoints=tmp_path, studies=tmp_path / "studies")
    monkeypatch.setattr(Settings, "from_env", classmethod(lambda cls: settings))
    return settings.studies


def test_list_says_of_each_study_whether_it_was_opened(studies):
    write_study(studies / "tiny")
    (studies / "torn").mkdir()
    (studies / "torn" / "study.toml").write_text("title =")
    before = json.loads(run("list", "--json"))
    assert [(row["study"], row["state"].partition(":")[0]) for row in before] == [
        ("tiny", "not opened yet"),
        ("torn", "invalid"),
    ]
    run("simulate", "tiny", "--observers", 2)
    assert run("list").splitlines()[:2] == ["study,state,people,title", "tiny,open,0,Which changes less?"]


def test_status_of_a_damaged_database_says_so_and_what_mends_it(studies):
    write_study(studies / "tiny")
    run("simulate", "tiny", "--observers", 1)
    assert "state: open" in run("status", "tiny")
    path = studies.parent / "data" / DATABASE
    data = path.read_bytes()
    path.write_bytes(data.replace(b"side_by_side", b"side_by_\xffide", 1))
    assert "is damaged (a text is not in UTF-8); `python -m uplapp study rebuild`" in refused(
        "status", "tiny"
    )
    run("rebuild")
    assert "state: open" in run("status", "tiny")


def test_a_study_lives_from_folders_to_votes(studies, tmp_path):
    source = write_study(tmp_path / "source")
    folders = [f"--condition={name}={source / name}" for name in ("l1", "l2")]
    assert (
        json.loads(run("new", "mine", "--reference", source / "reference", *folders, "--json"))["main_trials"]
        == 2
    )
    assert json.loads(run("check", "mine", "--json"))["scenes"] == 2
    output = json.loads(run("simulate", "mine", "--observers", 3, "--scores", "l1=1,l2=-1", "--json"))
    assert output["simulated"] == 3
    assert run("export", "mine").count("\n") == 1  # people only: the header
    out = tmp_path / "votes.csv"
    run("export", "mine", "--simulated", "-o", out)
    assert out.read_text().startswith("observer,condition_A,condition_B,is_A_selected,scene,kind,simulated,")
    assert out.read_text().count("\n") == 1 + 3 * (2 + 2 + 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nowhere"), "no study.toml"),
        (("check", "../nowhere"), "no study.toml"),
        (("simulate", "tiny", "--scores", "l1:3"), "must be NAME=JOD"),
        (("simulate", "tiny", "--scores", "l1=3"), "unknown condition in the scores"),
        (("new", "x", "--reference", "no", "--condition", "l1"), "must be NAME=FOLDER"),
        (("export", "tiny", "--format", "xls"), "choose csv, jsonl, or sqlite"),
        (("export", "tiny", "--format", "sqlite"), "with --out FILE"),
        (("withdraw", "tiny", "o0"), "no observer 'o0'"),
        (("new", "x"), "give either --zip"),
        (("unpack", "none.zip"), "cannot be read as a ZIP"),
        (("unpack", "none.zip", "--as", "../up"), "cannot be used"),
    ],
)
def test_bad_input_is_one_sentence(studies, arguments, message):
    write_study(studies / "tiny")
    with pytest.raises(UplappError, match=message):
        run(*arguments)


def test_an_edit_waits_for_adopt_and_every_edition_can_be_exported(studies):
    folder = write_study(studies / "tiny", conditions=("l1", "l2"))
    with opened("tiny") as (store, study):
        who = joining.join(store, study, study.definition.consent.version, NOW)
        token = session.state(store, study, who).trial.token
        session.answer(store, study, who, token, new_token(), response(), NOW)
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("practice = 1", "practice = 2"))
    assert "edition: 1" in run("status", "tiny")
    assert json.loads(run("adopt", "tiny", "--yes", "--json")) == {
        "study": "tiny",
        "edition": 2,
        "before": 1,
    }
    assert [row["under_way"] for row in json.loads(run("editions", "tiny", "--json"))] == [1, 0]
    assert run("export", "tiny").count("\n") == 1
    assert run("export", "tiny", "--edition", "1").count("\n") == 2
    assert json.loads(run("status", "tiny", "--edition", "1", "--json"))["answers"] == 1
    every = run("export", "tiny", "--edition", "all").splitlines()
    assert (len(every), every[0].startswith("observer,")) == (2, True)
    with pytest.raises(UplappError, match="no edit of 'tiny' waits"):
        run("adopt", "tiny", "--yes")


def test_a_log_says_who_did_what(studies):
    write_study(studies / "tiny")
    with opened("tiny") as (store, study):
        joining.join(store, study, study.definition.consent.version, NOW)
        who = store.row("SELECT id FROM observers")["id"]
    run("pause", "tiny")
    run("quota", "tiny", 5)
    run("pilot", "tiny")
    run("pilot", "tiny", "--end")
    run("exclude", "tiny", who, "--reason", "no glasses")
    run("include", "tiny", who)
    run("links", "make", "tiny", "--count", 2)
    with pytest.raises(UplappError):
        run("exclude", "tiny", "nobody", "--reason", "x")
    run("withdraw", "tiny", who)
    rows = json.loads(run("log", "tiny", "--json"))
    assert [(row["what"], row["detail"]) for row in rows] == [
        ("paused", ""),
        ("quota", "5"),
        ("pilot begins", ""),
        ("pilot ends", ""),
        ("exclude", f"{who}: no glasses"),
        ("include", who),
        ("make links", "2"),
        ("withdraw", who),
    ]
    assert all(row["who"] for row in rows)


VERBS = (
    *("new", "check", "render", "freeze", "simulate", "pack", "unpack", "pause", "resume", "close"),
    *("quota", "withdraw", "status", "export", "editions", "adopt", "pilot", "log"),
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example(verb):
    assert f"Example: python -m uplapp study {verb}" in run(verb, "--help")


def test_check_takes_a_name_or_a_path(studies, tmp_path):
    folder = write_study(studies / "tiny")
    by_name, by_path = json.loads(run("check", "tiny", "--json")), json.loads(run("check", folder, "--json"))
    assert by_name == by_path
    assert (by_name["trials"], by_name["identical"]) == (14, [])


def test_a_frozen_study_tells_its_edition(studies):
    write_study(studies / "tiny")
    assert json.loads(run("freeze", "tiny", "--json"))["edition"] == 1
    assert "edition: 2" in run("freeze", "tiny", "--again")
    assert "identical: none" in run("check", "tiny")


def test_a_new_study_can_say_what_a_consent_must_and_is_refused_the_seal_before(studies, tmp_path):
    source = write_study(tmp_path / "source")
    pictures = ("--reference", source / "reference", *(f"--condition={n}={source / n}" for n in ("l1", "l2")))
    run("new", "silent", *pictures)
    assert "consent does not say purpose, contact, retention, questions" in refused("freeze", "silent")
    places = [f"--consent={name}={name} of it" for name in PLACES]
    run("new", "open", *pictures, *places)
    assert json.loads(run("freeze", "open", "--json"))["edition"] == 1
    run("new", "trial", *pictures, "--internal-test")
    assert json.loads(run("freeze", "trial", "--json"))["edition"] == 1
    assert "'why' must be KEY=TEXT" in refused("new", "odd", *pictures, "--consent", "why=not")


def test_a_study_travels_with_its_answers(studies, tmp_path):
    write_study(studies / "tiny")
    assert "files: 13" in run("pack", "tiny", "-o", tmp_path / "t.zip", "--answers")
    run("unpack", tmp_path / "t.zip", "--as", "copy")
    assert (studies / "copy" / "answers" / "votes.csv").read_text().startswith("observer,")
    assert json.loads(run("check", "copy", "--json"))["scenes"] == 2


QUESTION = '[[questions]]\nname = "note"\ntext = "Anything else?"\n'


def test_a_rating_study_travels_with_its_ratings_and_replies(studies, tmp_path):
    folder = write_study(studies / "grading", scenes=SCENES, size=(32, 24))
    (folder / "study.toml").write_text((GRADING / "study.toml").read_text() + "\n" + QUESTION)
    with opened("grading") as (store, study):
        who = joining.join(store, study, study.definition.consent.version, NOW)
        names = [criterion.name for criterion in study.definition.rating.criteria]
        ratings = tuple((name, 1) for name in dict.fromkeys(names))
        shown = session.state(store, study, who).trial
        given = response("rated", layout="single", frames_per_phase=1, swaps_ms=(), ratings=ratings)
        session.answer(store, study, who, shown.token, new_token(), given, NOW)
        row = store.row("SELECT * FROM observers")
        replies.keep(store, row, {"note": "none"}, NOW)
        store.update("observers", row["id"], {"excluded": "a test run"})
    run("pack", "grading", "-o", tmp_path / "g.zip", "--answers")
    run("unpack", tmp_path / "g.zip", "--as", "copy")
    answers = studies / "copy" / "answers"
    assert sorted(path.name for path in answers.iterdir()) == ["ratings.csv", "ratings.jsonl", "replies.csv"]
    assert (answers / "ratings.csv").read_text() == run("export", "grading", "--all")
    assert (answers / "ratings.jsonl").read_text().count("a test run") == len(ratings)
    assert (answers / "replies.csv").read_text().endswith(",note,none,1000000.0,a test run\n")


def test_an_export_makes_the_folder_it_goes_to(studies, tmp_path):
    write_study(studies / "tiny")
    run("export", "tiny", "-o", tmp_path / "missing" / "r.csv")
    assert (tmp_path / "missing" / "r.csv").is_file()


def test_an_export_below_a_file_is_one_sentence(studies, tmp_path):
    write_study(studies / "tiny")
    (tmp_path / "file").touch()
    with pytest.raises(UplappError, match=r"file/r\.csv cannot be written: "):
        run("export", "tiny", "-o", tmp_path / "file" / "r.csv")


def test_an_export_that_fails_leaves_the_file_as_it_was(studies, tmp_path, monkeypatch):
    def full_disk(*_):
        yield "observer,"
        raise OSError(errno.ENOSPC, "No space left on device")

    write_study(studies / "tiny")
    out = tmp_path / "out" / "votes.csv"
    out.parent.mkdir()
    out.write_text("the last one")
    monkeypatch.setattr(streaming, "export", full_disk)
    with pytest.raises(UplappError, match="No space left on device"):
        run("export", "tiny", "-o", out)
    assert [path.read_text() for path in out.parent.iterdir()] == ["the last one"]


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("close", "closed"), ("resume", "open")])
def test_a_verb_changes_the_state_that_status_tells(studies, verb, state):
    write_study(studies / "tiny")
    assert run(verb, "tiny") == f"tiny: {state}\n"
    run("quota", "tiny", 30)
    output = json.loads(run("status", "tiny", "--json"))
    assert (output["state"], output["quota"], output["observers"]) == (state, 30, 0)
    assert run("quota", "tiny") == "quota: None\n"
    assert json.loads(run("status", "tiny", "--json"))["quota"] is None


def test_an_observer_withdraws_and_the_export_forgets_the_answers(studies, tmp_path):
    write_study(studies / "tiny")
    run("simulate", "tiny", "--observers", 2)
    lines = run("export", "tiny", "--simulated", "--format", "jsonl").splitlines()
    leaving = json.loads(lines[0])["observer"]
    gone = json.loads(run("withdraw", "tiny", leaving, "--json"))["answers_deleted"]
    kept = run("export", "tiny", "--simulated", "--all", "--format", "jsonl").splitlines()
    assert len(kept) == len(lines) - gone == 14
    assert leaving not in "".join(kept)
    run("export", "tiny", "--format", "sqlite", "-o", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")


def test_links_are_made_listed_and_revoked_by_their_label(studies, tmp_path):
    write_study(studies / "tiny")
    made = json.loads(run("links", "make", "tiny", "-n", 2, "--site", "https://lab.example/", "--json"))
    assert [row["label"] for row in made] == ["P01", "P02"]
    assert made[0]["address"].startswith("https://lab.example/study/tiny#l=")
    run("links", "make", "tiny", "--label", "Ada")
    run("links", "revoke", "tiny", "P02")
    states = {row["label"]: row["state"] for row in json.loads(run("links", "list", "tiny", "--json"))}
    assert states == {"P01": "unused", "P02": "revoked", "Ada": "unused"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("make", "tiny"), "give either --count N or --label"),
        (("make", "tiny", "-n", 1, "--label", "a"), "give either --count N or --label"),
        (("revoke", "tiny", "P09"), "no link 'P09'"),
    ],
)
def test_a_link_that_cannot_be_made_or_found_is_told_in_a_sentence(studies, arguments, message):
    write_study(studies / "tiny")
    with pytest.raises(UplappError, match=message):
        run("links", *arguments)


def test_a_new_study_cannot_lie_outside_of_the_studies(studies, tmp_path):
    source = write_study(tmp_path / "source")
    folders = [f"--condition={name}={source / name}" for name in ("l1", "l2")]
    for name in ("../x", tmp_path / "x"):
        assert "cannot be used as a study's name" in refused(
            "new", name, "--reference", source / "reference", *folders
        )
    assert "or the path" not in run("new", "--help")  # as other verbs offer


def test_replies_are_exported_apart_from_votes(studies):
    write_study(studies / "tiny")
    assert run("export", "tiny", "--replies") == "observer,question,reply,replied_at\n"


@pytest.mark.parametrize(("task", "trials"), [("pairs", 2), ("mos5", 4), ("grade3", 4)])
def test_a_study_can_start_from_a_task(studies, tmp_path, task, trials):
    source = write_study(tmp_path / "source")
    folders = [f"--condition={name}={source / name}" for name in ("l1", "l2")]
    made = run("new", "mine", "--task", task, "--reference", source / "reference", *folders, "--json")
    assert json.loads(made)["main_trials"] == trials


def test_clear_deletes_what_may_name_people_and_says_so(studies):
    write_study(studies / "tiny")
    run("simulate", "tiny", "--observers", 1)
    run("links", "make", "tiny", "--label", "Ann Example")
    assert json.loads(run("clear", "tiny", "--json")) == {
        "study": "tiny",
        "rows_cleared": 1,
        "files_overwritten": True,
    }
    assert "Ann" not in run("links", "list", "tiny")
    with pytest.raises(UplappError, match="unknown question 'age'"):
        run("clear", "tiny", "--question", "age")
