import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from huggingface_hub.utils import _http

from tests.hub.fake import serving
from tests.hub.lines import REPO
from tests.hub.model_hub import ModelHub
from uplapp.settings import Settings


@pytest.fixture
def hub():
    return ModelHub()


@pytest.fixture
def endpoint(hub, monkeypatch):
    """The address of a Hub on this machine. The library's own waits between its tries take no time."""
    hurried = SimpleNamespace(sleep=lambda _: None, time=time.time, monotonic=time.monotonic)
    monkeypatch.setattr(_http, "time", hurried)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    with serving(hub) as address:
        yield address


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Data below a temporary folder, answers kept in a dataset."""
    return replace(Settings.from_env({"UPLAPP_DATA": str(tmp_path / "data")}), answers_repo=REPO)
