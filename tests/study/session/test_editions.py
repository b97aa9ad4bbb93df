"""Which edition of a study new people get, and that everybody finishes the one they began."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.study.tiny import NOW, on_disk, response, write_study
from uplapp.errors import BadStudy, UplappError
from uplapp.study.definition import load
from uplapp.study.session import editions, joining, lifecycle, links, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.stimuli import kept, stimuli


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_study(tmp_path / "tiny", conditions=("l1", "l2"))


def serve(store, folder, **options):
    return editions.serve(store, on_disk(folder), NOW, **options)


def join(store, study, **who):
    return joining.join(store, study, study.definition.consent.version, NOW, Newcomer(**who))


def go_through(store, study, who):
    """Answer every trial. Returns how many answers were given."""
    given = 0
    while (trial := session.state(store, study, who).trial) is not None:
        session.answer(store, study, who, trial.token, trial.token, response(), NOW + given)
        given += 1
    return given


def edit(folder, old="seed = ", new="seed = 7 #"):
    path = folder / "study.toml"
    path.write_text(path.read_text().replace(old, new, 1))


def swap_pictures(folder):
    shutil.copyfile(folder / "l1" / "chelsea.png", folder / "l2" / "chelsea.png")


EDITS = {
    "protocol": edit,
    "conditions": lambda folder: edit(folder, '[[conditions]]\nname = "l1"', '[[conditions]]\nname = "l3"'),
    "pictures": swap_pictures,
    "no TOML": lambda folder: edit(folder, "title", "title = ["),
    "a picture less": lambda folder: (folder / "l1" / "chelsea.png").unlink(),
    "consent under its version": lambda folder: edit(folder, "internal_test = true", 'text = "Else."'),
}


@pytest.mark.parametrize("spoil", EDITS.values(), ids=EDITS.keys())
def test_whatever_is_edited_people_under_way_and_new_ones_go_on(store, folder, spoil):
    before = serve(store, folder).present
    who = join(store, before)
    pixels = before.stimuli.pixels("chelsea", "l2").copy()
    spoil(folder)
    served = serve(store, folder)
    assert served.present == before
    assert served.waiting or served.wrong
    assert (served.present.stimuli.pixels("chelsea", "l2") == pixels).all()
    assert go_through(store, served.present, who) == before.definition.trials
    assert go_through(store, served.present, join(store, served.present)) == before.definition.trials


def test_after_the_decision_new_people_get_the_edit_and_others_finish_what_they_began(store, folder):
    before = serve(store, folder).present
    who = join(store, before)
    swap_pictures(folder)
    after = serve(store, folder, adopt=True)
    assert (after.present.number, after.waiting, after.former) == (2, "", (before,))
    join(store, after.present)
    assert go_through(store, after.former[0], who) == before.definition.trials
    assert editions.edition_of(store, who) == before.id
    again = serve(store, folder)  # a restart changes nothing
    assert (again.present, again.former) == (after.present, (before,))
    assert [row["under_way"] for row in editions.listing(store, "tiny")] == [0, 1]


def test_an_edit_is_taken_in_where_nobody_is_under_way(store, folder):
    before = serve(store, folder).present
    go_through(store, before, join(store, before))
    edit(folder)
    assert serve(store, folder).present.number == 2


def test_who_only_looks_changes_no_edition_that_anybody_began(store, folder):
    before = serve(store, folder).present
    go_through(store, before, join(store, before))
    edit(folder)
    assert editions.current(store, on_disk(folder), NOW) == before
    assert len(editions.listing(store, "tiny")) == 1


def test_what_nobody_joined_is_what_lies_on_the_disk(store, folder):
    editions.current(store, on_disk(folder), NOW)
    edit(folder)
    assert editions.current(store, on_disk(folder), NOW).definition.protocol.seed == 7


def test_an_edit_that_is_taken_back_is_the_first_edition_again(store, folder):
    before = serve(store, folder).present
    join(store, before)
    edit(folder)
    assert serve(store, folder, adopt=True).present.number == 2
    edit(folder, "seed = 7 #", "seed = ")
    assert serve(store, folder).present == before


def test_an_edition_whose_pictures_are_gone_is_told_and_can_be_exported(store, folder):
    before = serve(store, folder).present
    join(store, before)
    swap_pictures(folder)
    shutil.rmtree(folder.parent / "editions")
    served = serve(store, folder)
    assert served.present.number == 2
    assert served.lost == ("1 observers of edition 1",)
    assert served.former[0].definition == before.definition


def test_the_pictures_of_editions_that_nobody_began_are_removed_at_a_start(store, folder):
    before = serve(store, folder).present
    edit(folder)
    after = serve(store, folder).present
    editions.sweep(store, "tiny", folder.parent / "editions")
    assert [path.name for path in (folder.parent / "editions").iterdir()] == [after.id] != [before.id]


def test_a_database_without_editions_serves_what_lies_on_the_disk(store, folder):
    first = serve(store, folder).present
    join(store, first)
    edit(folder)
    second = serve(store, folder, adopt=True).present
    join(store, second)
    for row in editions.listing(store, "tiny"):
        store.update("studies", row["id"], {"served_at": None})
    edit(folder, "seed = 7 #", "seed = ")
    assert serve(store, folder).present == first


def test_a_wrong_folder_that_nobody_is_under_way_in_stays_closed(store, folder):
    study = serve(store, folder).present
    go_through(store, study, join(store, study))
    edit(folder, "title", "title = [")
    with pytest.raises(BadStudy, match="not valid TOML"):
        serve(store, folder)


def test_a_closed_edition_does_not_hold_up_an_edit(store, folder):
    before = serve(store, folder).present
    join(store, before)
    lifecycle.change(store, before.id, lifecycle.CLOSED)
    edit(folder)
    assert serve(store, folder).present.number == 2


def test_a_personal_link_leads_back_to_its_edition_and_an_unused_one_to_the_present(store, folder):
    before = serve(store, folder).present
    used, unused = links.make(store, before.id, ["P1", "P2"], NOW)
    who = join(store, before, link=used)
    edit(folder)
    after = serve(store, folder, adopt=True).present
    assert join(store, after, link=used) == who
    assert editions.edition_of(store, join(store, after, link=unused)) == after.id
    assert [row["label"] for row in links.listing(store, after.id)] == ["P1", "P2"]
    with pytest.raises(UplappError, match="'P1' is taken"):
        links.make(store, after.id, ["P1"], NOW)


def test_who_was_left_out_goes_on_by_the_personal_link(store, folder):
    study = serve(store, folder).present
    (link,) = links.make(store, study.id, ["P1"], NOW)
    who = join(store, study, link=link)
    lifecycle.leave_out(store, study.id, store.row("SELECT id FROM observers")["id"], "late")
    assert join(store, study, link=link) == who


def test_an_edition_is_called_by_number_or_digits(store, folder):
    join(store, serve(store, folder).present)
    edit(folder)
    serve(store, folder, adopt=True)
    rows = editions.listing(store, "tiny")
    assert editions.choose(rows, "2") == editions.choose(rows, rows[1]["hash"][:6]) == rows[1]
    for wrong in ("3", "abc", ""):
        with pytest.raises(UplappError, match=r"choose one of: 1 \("):
            editions.choose(rows, wrong)


HOUSE = Path(__file__).resolve().parents[3]
SHIPPED = [*(HOUSE / "studies").glob("*/study.toml"), *(HOUSE / "tests" / "study").glob("*/study.toml")]


@pytest.mark.parametrize("path", sorted(SHIPPED), ids=lambda path: path.parent.name)
def test_a_definition_comes_back_whole_from_its_manifest(path):
    worded, checked = load(path.parent).with_consents(), stimuli.Stimuli(path.parent, {}, {})
    again = kept.restored(worded.name, checked.manifest(worded))
    assert replace(again, render=None) == replace(worded, render=None)
    assert checked.manifest(again) == checked.manifest(worded)
