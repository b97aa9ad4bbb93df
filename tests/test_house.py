"""The house as a whole: README, table of losses, names that others rely on."""

import re

from uplapp.settings import Settings


def test_the_space_runs_the_gradio_that_is_pinned(house):
    front = (house / "README.md").read_text().split("---")[1]
    pin = re.search(r"^gradio==(\S+)$", (house / "requirements.txt").read_text(), re.MULTILINE)
    assert f"sdk_version: {pin[1]}" in front


def test_the_readme_names_only_files_that_exist(house):
    text = (house / "README.md").read_text()
    paths = re.findall(r"`((?:uplapp|studies|checkpoints|tests|benchmarks)/[\w/.]*)`|\]\(([\w/.]+)\)", text)
    missing = [path for pair in paths for path in pair if path and not (house / path).exists()]
    assert missing == []


def test_settings_come_from_the_environment_with_defaults_for_a_fresh_clone(house):
    plain = Settings.from_env({})
    assert (plain.checkpoints, plain.studies) == (house / "checkpoints", house / "studies")
    assert (str(plain.data), plain.weights, plain.admin_token) == ("data", None, None)
    chosen = Settings.from_env({"UPLAPP_DATA": "/d", "UPLAPP_WEIGHTS": "/w", "UPLAPP_ADMIN_TOKEN": "t"})
    assert (str(chosen.data), str(chosen.weights), chosen.admin_token) == ("/d", "/w", "t")
