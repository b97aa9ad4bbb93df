"""A linked result: whole for whoever has the address, silent about whose file it was, gone on time."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from uplapp.errors import UplappError
from uplapp.imaging.evaluation.candidates import of_methods
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.physics import GaussianNoise, Space
from uplapp.settings import Settings
from uplapp.web.restore import outputs, sharing
from uplapp.web.restore.sharing import DAY_S, HOUR_S, Links, linkable

NOW = 1_800_000_000.0
DAYS = 3.0


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    path = tmp_path_factory.mktemp("upload") / "Anna-Muster.png"
    path.write_bytes(encode_png(torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0))))
    return run_job(read_case(path, "denoise", GaussianNoise(25)), of_methods(["tv", "nlm"]))


@pytest.fixture
def result(job, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return outputs.after(job)[-1]


@pytest.fixture
def links(tmp_path):
    return Links(tmp_path / "results", DAYS, ("https://lab.example",), clock=lambda: NOW)


def later(links, seconds):
    return replace(links, clock=lambda: NOW + seconds)


def client(links):
    return TestClient(links.app(), base_url="https://app.example")


def everything(links, token):
    """Every byte that somebody with the address gets: the page, its files, the members of the ZIP."""
    asker = client(links)
    page = asker.get(f"/{token}").text
    archive = asker.get(f"/{token}/result.zip").content
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    return page, members


def test_the_page_holds_pictures_scores_and_files_of_the_result(links, result, job):
    token = links.keep(result)
    page, members = everything(links, token)
    assert ["Noisy input" in page, "Total variation" in page, "PSNR (dB)" in page] == [True] * 3
    given = json.loads(page.partition('type="application/json">')[2].partition("</script>")[0])
    assert [name for name, _, _ in given["pictures"]] == list(job.labels.values())
    tv = client(links).get(f"/{given['pictures'][2][1]}").content
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(tv))), job.results[0].samples)
    assert members["result-tv.png"] == tv
    assert set(json.loads(members["result-provenance.json"])["files_sha256"]) < set(members)


def test_rows_of_scores_stand_under_their_heads(result):
    assert {len(row) for row in result.table} == {6}
    assert result.table[0][:2] == ("", "PSNR (dB)")


def test_nothing_says_whose_file_it_was(links, result):
    page, members = everything(links, links.keep(result))
    assert "Muster" not in page + "".join(members)
    assert b"Muster" not in b"".join(members.values())


def test_names_are_no_markup(links, result):
    evil = '</script><img src=x onerror="a">'
    pictures = tuple(picture._replace(name=evil) for picture in result.pictures)
    rows = tuple((evil, *row[1:]) for row in result.table)
    page, _ = everything(links, links.keep(replace(result, pictures=pictures, table=rows, notes=(evil,))))
    assert "<img" not in page


def test_what_may_hold_a_heads_surface_has_no_link(job):
    space = Space(np.eye(4), (1.0, 1.0, 1.0))
    assert linkable(replace(job, case=replace(job.case, space=space)), (), "") is None
    assert linkable(replace(job, case=replace(job.case, task="xray")), (), "") is None


def test_only_the_named_origins_may_show_it_in_a_frame(links, result):
    token = links.keep(result)
    for path in (f"/{token}", f"/{token}/0.png"):
        headers = client(links).get(path).headers
        ancestors = headers["content-security-policy"].partition("frame-ancestors ")[2]
        assert ancestors == "'self' https://huggingface.co https://lab.example"
        assert headers["cache-control"] == "private, no-store"
        assert headers["x-robots-tag"] == "noindex"


def test_it_ends_on_time_for_the_server_and_on_the_disk(links, result):
    token = links.keep(result)
    before, after = later(links, DAYS * DAY_S - 1), later(links, DAYS * DAY_S)
    assert client(before).get(f"/{token}").status_code == 200
    before.sweep()
    assert client(before).get(f"/{token}").status_code == 200
    assert client(after).get(f"/{token}").status_code == 404
    assert client(after).get(f"/{token}/0.png").status_code == 404
    after.sweep()
    assert list(links.folder.iterdir()) == []


def test_whoever_made_a_link_can_end_it(links, result):
    first, second = links.keep(result), links.keep(result)
    links.drop(first)
    links.drop("..")
    assert [path.name for path in links.folder.iterdir()] == [second]


def test_what_was_left_half_written_is_no_result_and_goes(links, result):
    token = links.keep(result)
    (links.folder / token / "index.html").unlink()
    assert client(links).get(f"/{token}/0.png").status_code == 404
    written = (links.folder / token).stat().st_mtime
    replace(links, clock=lambda: written + HOUR_S - 1).sweep()
    assert (links.folder / token).exists()
    replace(links, clock=lambda: written + HOUR_S + 1).sweep()
    assert not (links.folder / token).exists()


@pytest.mark.parametrize(
    "path", ["{}/index.html", "{}/..%2f..%2fsecret.png", "{}/99.png", "{}/0.png%00", "0" * 32, "..", "{}x"]
)
def test_no_other_file_is_at_any_address(links, result, path):
    token = links.keep(result)
    (links.folder / "secret.png").write_bytes(b"secret")
    assert client(links).get(f"/{path.format(token)}").status_code == 404


@pytest.mark.parametrize(("limit", "said"), [("MOST_MB", "download the ZIP"), ("ALL_MB", "end each day")])
def test_what_would_take_too_much_room_is_refused_in_a_sentence(links, result, monkeypatch, limit, said):
    monkeypatch.setattr(sharing, limit, 0.001)
    with pytest.raises(UplappError, match=said):
        links.keep(result)
    assert list(links.folder.iterdir()) == []


def test_days_and_embedders_are_settings():
    plain = Settings.from_env({})
    assert (plain.link_days, plain.embedders) == (7, ())
    chosen = Settings.from_env({"UPLAPP_LINK_DAYS": "0", "UPLAPP_EMBED": "https://a.example, http://b:80"})
    assert (chosen.link_days, chosen.embedders) == (0, ("https://a.example", "http://b:80"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("UPLAPP_LINK_DAYS", text) for text in ("always", "-1", "366", "1e1", "nan")),
        *(("UPLAPP_EMBED", text) for text in ("*", "lab.example", "https://a/b", "https://a;script-src *")),
    ],
)
def test_another_setting_is_refused_with_what_is_allowed(name, text):
    with pytest.raises(UplappError, match=rf"{name} .*; it must be"):
        Settings.from_env({name: text})
