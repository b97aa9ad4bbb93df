"""Files that the page hands out, and sentences about those that it gets."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")

from gradio.utils import get_upload_folder

from uplapp.web.widgets import NOTICE, notice, offer, without_folders, zip_files


def test_a_zip_holds_the_files():
    files = {"a.png": b"1", "b.json": b"{}"}
    with zipfile.ZipFile(io.BytesIO(zip_files(files))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_a_zip_of_nothing_is_still_a_zip():
    assert zipfile.ZipFile(io.BytesIO(zip_files({}))).namelist() == []


def test_a_file_is_offered_by_its_name_where_gradio_serves_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = Path(offer("scores.json", b"{}"))
    assert (path.name, path.read_bytes()) == ("scores.json", b"{}")
    assert path.is_relative_to(tmp_path)
    assert get_upload_folder() == str(tmp_path)


def test_two_files_of_one_name_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    first, second = offer("ranking.csv", b"a"), offer("ranking.csv", b"b")
    assert [Path(path).read_bytes() for path in (first, second)] == [b"a", b"b"]


def test_a_message_names_an_uploaded_file_without_its_folder():
    place = get_upload_folder()
    text = f"{place}/0a1b/brain scan.png cannot be read; /data/studies/x stays"
    assert without_folders(text) == "brain scan.png cannot be read; /data/studies/x stays"
    assert without_folders(f"'{tempfile.gettempdir()}/a/b.zip' is no ZIP") == "'b.zip' is no ZIP"


def test_a_notice_shows_names_as_text_and_fits_the_screen():
    assert notice("'<img src=x>' & 'b' is no image") == "'&lt;img src=x&gt;' &amp; 'b' is no image"
    assert len(notice("x" * 9000)) < NOTICE + 10
