"""Who comes back: resumes, begins anew or may not, as the study says, and nobody counts twice."""

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import BadStudy
from uplapp.study.definition import Access, Completion, Panel, parse
from uplapp.study.exports import votes
from uplapp.study.session import joining, links, panel, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.session.session import Unknown

PROLIFIC = Panel("prolific")
ANN = {"PROLIFIC_PID": "5f00d", "STUDY_ID": "s1"}


def opened(store, tmp_path, returning="resume", **parts):
    parts = {"access": Access(returning=returning), **parts}
    return open_tiny(store, tmp_path / "tiny", parts=parts, practice=0, catch=0, pairs="random:2")


def join(store, study, now=NOW, **who):
    return joining.join(store, study, "1", now, Newcomer(**who))


def answer(store, study, who, count=1):
    for n in range(count):
        shown = session.state(store, study, who).trial
        reached = session.answer(store, study, who, shown.token, f"{n:032}", response(), NOW + 60)
    return reached


class TestWhoHasALink:
    @pytest.fixture
    def link(self, store, tmp_path):
        return lambda study: links.make(store, study.id, ["one"], NOW)[0]

    def test_resumes(self, store, tmp_path, link):
        study = opened(store, tmp_path)
        one = link(study)
        first = join(store, study, link=one)
        answer(store, study, first)
        assert join(store, study, link=one) == first

    def test_begins_anew_and_the_first_try_does_not_count(self, store, tmp_path, link):
        study = opened(store, tmp_path, "restart")
        one = link(study)
        first = join(store, study, link=one)
        answer(store, study, first)
        second = join(store, study, link=one)
        assert second != first
        answer(store, study, second, 2)
        assert len(votes.votes(store, study.id)) == 2
        assert sorted(votes.votes(store, study.id, everything=True)["excluded"]) == [
            *("", ""),
            "left out: began again",
        ]
        assert join(store, study, link=one) == second  # who has finished gets the code again

    def test_may_not_come_back_but_a_lost_reply_is_asked_for_again(self, store, tmp_path, link):
        study = opened(store, tmp_path, "block")
        one = link(study)
        first = join(store, study, link=one, key="k" * 32)
        assert join(store, study, link=one, key="k" * 32) == first
        with pytest.raises(NotNow, match="begun this study already"):
            join(store, study, link=one)


def test_a_device_that_gives_up_a_session_begins_anew_only_where_the_study_says_so(store, tmp_path):
    for returning, counted in (("resume", 1), ("restart", 0)):
        study = opened(store, tmp_path, returning)
        first = join(store, study)
        answer(store, study, first)
        assert join(store, study, instead_of=first) != first
        assert len(votes.votes(store, study.id)) == counted
        votes.reset(store, study.id, "next round")


def test_state_says_how_long_ago_the_last_answer_was(store, tmp_path):
    study = opened(store, tmp_path)
    who = join(store, study)
    assert session.state(store, study, who, NOW + 7).idle_s == 7
    answer(store, study, who)
    assert session.state(store, study, who, NOW + 100).idle_s == 40
    assert session.state(store, study, who, NOW).idle_s == 0  # a clock that was set back


class TestWithdrawingByCode:
    def test_whoever_has_the_code_withdraws_from_anywhere(self, store, tmp_path):
        study = opened(store, tmp_path)
        who, other = join(store, study), join(store, study)
        code = answer(store, study, who, 2).code
        answer(store, study, other, 2)
        session.withdraw_by_code(store, study, f" {code.lower()} ", NOW + 99)
        assert len(store.rows("SELECT * FROM withdrawals", {})) == 1
        assert len(votes.votes(store, study.id)) == 2
        with pytest.raises(Unknown):
            session.withdraw_by_code(store, study, code, NOW + 99)

    def test_a_code_that_nobody_was_shown_deletes_nothing(self, store, tmp_path):
        study = opened(store, tmp_path)
        join(store, study)
        for code in ("0123456789", "", "é"):
            with pytest.raises(Unknown):
                session.withdraw_by_code(store, study, code, NOW)


class TestPeopleOfAPanel:
    def test_only_ids_that_the_study_names_are_kept_and_apart(self, store, tmp_path):
        study = opened(store, tmp_path, panel=PROLIFIC)
        join(store, study, panel={**ANN, "email": "ann@example.org"})
        kept = {row["name"]: row["value"] for row in store.rows("SELECT * FROM panel", {})}
        assert kept == ANN
        for table in ("observers", "trials", "answers", "links"):
            assert "5f00d" not in str(store.rows(f"SELECT * FROM {table}", {}))  # noqa: S608

    def test_one_person_takes_part_once(self, store, tmp_path):
        study = opened(store, tmp_path, panel=PROLIFIC)
        first = join(store, study, panel=ANN)
        assert join(store, study, panel={**ANN, "STUDY_ID": "s2"}) == first
        answer(store, study, first, 2)
        assert join(store, study, panel=ANN) == first
        assert join(store, study, panel={"PROLIFIC_PID": "other"}) != first

    def test_nor_in_another_edition(self, store, tmp_path):
        study = opened(store, tmp_path, panel=PROLIFIC)
        who = join(store, study, panel=ANN)
        parts = {"panel": PROLIFIC, "access": Access()}
        other = open_tiny(store, tmp_path / "tiny", parts=parts, practice=1)
        assert other.id != study.id
        assert join(store, other, panel=ANN) == who  # under way: back to the edition that was begun
        answer(store, study, who, study.definition.trials)
        with pytest.raises(NotNow, match="taken part in this study already"):
            join(store, other, panel=ANN)

    def test_who_withdrew_leaves_no_id(self, store, tmp_path):
        study = opened(store, tmp_path, panel=PROLIFIC)
        who = join(store, study, panel=ANN)
        session.withdraw(store, study, who, NOW)
        assert store.rows("SELECT * FROM panel", {}) == []
        assert join(store, study, panel=ANN) != who

    @pytest.mark.parametrize("ids", [{}, {"STUDY_ID": "s1"}, {"workerId": "5f00d"}])
    def test_without_the_persons_id_nobody_takes_part_but_by_a_link(self, store, tmp_path, ids):
        study = opened(store, tmp_path, panel=PROLIFIC)
        with pytest.raises(NotNow, match="of a panel"):
            join(store, study, panel=ids)
        join(store, study, panel=ids, link=links.make(store, study.id, ["one"], NOW)[0])
        join(store, opened(store, tmp_path, panel=Panel("prolific", required=False)), panel=ids)

    def test_a_preview_at_mturk_is_nobody_yet(self, store, tmp_path):
        study = opened(store, tmp_path, panel=Panel("mturk"))
        with pytest.raises(NotNow, match="of a panel"):
            join(store, study, panel={"workerId": "A1", "assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"})

    def test_the_address_to_go_on_to_has_code_and_ids(self, store, tmp_path):
        address = "https://school.example/credit?survey_code={survey_code}&c={code}"
        study = opened(store, tmp_path, panel=Panel("sona"), completion=Completion(redirect=address))
        who = join(store, study, panel={"survey_code": "12 3&x"})
        reached = answer(store, study, who, 2)
        assert reached.redirect == f"https://school.example/credit?survey_code=12%203%26x&c={reached.code}"

    def test_who_cannot_see_the_pictures_is_told_where_to_go(self, store, tmp_path):
        said = Completion(screened_out="https://panel.example/out?p={PROLIFIC_PID}")
        study = opened(store, tmp_path, panel=PROLIFIC, completion=said)
        who = join(store, study, panel=ANN)
        assert session.state(store, study, who).screened_out == "https://panel.example/out?p=5f00d"


@pytest.mark.parametrize(
    ("panel_of", "address"),
    [
        (PROLIFIC, "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"),
        (Panel("mturk"), ""),
        (Panel("cloudresearch"), ""),
        (Panel("sona"), "?survey_code=%SURVEY_CODE%"),
        (Panel("other", ("pid", "batch")), "?pid=...&batch=..."),
    ],
)
def test_each_panel_has_an_address_to_enter(panel_of, address):
    assert (
        panel.entry(panel_of, "https://lab.example/study/tiny") == f"https://lab.example/study/tiny{address}"
    )


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"panel": {"name": "other"}}, "needs ids"),
        ({"panel": {"ids": ["pid"]}}, "need the name of the panel"),
        ({"panel": {"name": "facebook"}}, "must be one of: , prolific, mturk"),
        ({"panel": {"name": "other", "ids": ["p d"]}}, "panel id 'p d'"),
        ({"completion": {"full": "http://x"}}, "full = 'http://x' must be an https://"),
        ({"completion": {"no_consent": "https://x/{code}"}}, "no_consent: {code} is unknown; allowed: none"),
        ({"completion": {"redirect": "https://x/{p}"}, "panel": {"name": "sona"}}, "survey_code, code"),
        ({"access": {"returning": "never"}}, "must be one of: resume, restart, block"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(tables, message):
    rows = [{"name": name, "label": name} for name in ("a", "b")]
    raw = {"title": "?", "conditions": rows, "scenes": [{"name": "s"}], **tables}
    with pytest.raises(BadStudy) as caught:
        parse(raw, "tiny", "study.toml")
    assert message in str(caught.value)
