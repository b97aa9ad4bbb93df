import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from uplapp.errors import UplappError
from uplapp.hub import deploy
from uplapp.hub.client import HubError

HOUSE = Path(__file__).resolve().parents[2]
SPACE, ANSWERS = "lab/flicker", "lab/flicker-answers"
FILES = {
    "app.py": b"1",
    "uplapp/a.py": b"2",
    "README.md": b"---\nsdk: gradio\n---\n",
    "requirements.txt": b"",
}


def make(endpoint, files=FILES):
    plan = deploy.plan(SPACE, ANSWERS, files, endpoint)
    deploy.carry_out(plan, endpoint)
    return plan


def test_a_first_deployment_makes_space_and_private_dataset_and_sends_everything(hub, endpoint):
    plan = make(endpoint)
    assert plan.create == ("space lab/flicker", "dataset lab/flicker-answers")
    assert hub.repos["space", SPACE] == FILES
    assert hub.repos["dataset", ANSWERS] == {}
    assert hub.private["dataset", ANSWERS]
    assert hub.environment["UPLAPP_ANSWERS_REPO"]["value"] == ANSWERS


def test_planning_changes_nothing(hub, endpoint):
    deploy.plan(SPACE, ANSWERS, FILES, endpoint)
    assert hub.repos == {}
    assert {method for method, _ in hub.requests} == {"GET"}


def test_a_second_deployment_does_nothing(hub, endpoint):
    make(endpoint)
    commits, requests = hub.commits, len(hub.requests)
    again = make(endpoint)
    assert (again.create, again.variables, again.send, again.delete) == ((), {}, {}, ())
    assert hub.commits == commits
    assert not [path for _, path in hub.requests[requests:] if "commit" in path or "preupload" in path]


def test_an_update_sends_what_differs_and_deletes_only_what_was_deployed(hub, endpoint):
    make(endpoint)
    hub.repos["space", SPACE][".gitattributes"] = b"kept"
    changed = {**FILES, "app.py": b"new", "uplapp/b.py": b"3"}
    del changed["uplapp/a.py"]
    plan = make(endpoint, changed)
    assert (set(plan.send), plan.delete) == ({"app.py", "uplapp/b.py"}, ("uplapp/a.py",))
    assert hub.repos["space", SPACE] == {**changed, ".gitattributes": b"kept"}


@pytest.mark.parametrize("fault", [429, 500, "lost"])
@pytest.mark.parametrize("where", ["create", "variables", "preupload", "commit"])
def test_a_deployment_that_fails_halfway_is_finished_by_the_next(hub, endpoint, fault, where):
    plan = deploy.plan(SPACE, ANSWERS, FILES, endpoint)
    hub.faults = [(where, fault)] * 6
    with suppress(HubError):
        deploy.carry_out(plan, endpoint)
    hub.faults.clear()
    make(endpoint)
    assert hub.repos["space", SPACE] == FILES
    assert hub.private["dataset", ANSWERS]
    assert hub.environment["UPLAPP_ANSWERS_REPO"]["value"] == ANSWERS


def test_a_public_dataset_of_that_name_is_refused(hub, endpoint):
    make(endpoint)
    hub.private["dataset", ANSWERS] = False
    with pytest.raises(deploy.PublicAnswers, match="public"):  # which a dry run does not let pass either
        deploy.plan(SPACE, ANSWERS, FILES, endpoint)


@pytest.mark.parametrize("name", ["space", "lab/", "/space", "a/b/c", "../x", "lab/sp ace", "lab/é", ""])
def test_a_name_that_is_no_repository_is_refused_before_anything_is_asked(hub, endpoint, name):
    with pytest.raises(UplappError, match="OWNER/NAME"):
        deploy.plan(name, ANSWERS, FILES, endpoint)
    assert hub.requests == []


def test_only_what_git_tracks_is_sent(tmp_path):
    for path in ("app.py", "README.md", "requirements.txt", "uplapp/a.py", "data/uplapp.db", "tests/t.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    (tmp_path / "uplapp" / "secret.py").write_text("not tracked")
    assert set(deploy.tracked(tmp_path)) == {"app.py", "README.md", "requirements.txt", "uplapp/a.py"}


def test_a_folder_without_git_or_without_the_app_is_refused(tmp_path):
    with pytest.raises(UplappError, match="clone"):
        deploy.tracked(tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    with pytest.raises(UplappError, match=r"lacks app\.py"):
        deploy.tracked(tmp_path)


@pytest.fixture
def uplapp(endpoint):
    def call(*words):
        environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_test"}
        command = [sys.executable, "-m", "uplapp", "deploy", *words]
        return subprocess.run(
            command, cwd=HOUSE, env=environment, capture_output=True, text=True, timeout=300
        )

    return call


def test_the_command_tells_in_a_dry_run_what_it_then_does(hub, uplapp):
    dry = json.loads(uplapp(SPACE, "--dry-run", "--json").stdout)
    assert hub.repos == {}
    done = json.loads(uplapp(SPACE, "--json").stdout)
    assert {**dry, "dry_run": False} == done
    assert set(hub.repos["space", SPACE]) == set(done["send"]) > {"app.py", "uplapp/hub/deploy.py"}
    assert set(done["secrets"]) == {
        *("HF_TOKEN", "UPLAPP_ADMIN_TOKEN", "UPLAPP_RESEARCHERS", "UPLAPP_ALARM_WEBHOOK")
    }
    again = uplapp(SPACE)
    assert f"0 of {done['files']} files differ" in again.stdout
    assert "HF_TOKEN" in again.stdout


def test_a_deployment_waits_until_the_space_runs_and_says_each_stage_once(hub, endpoint):
    make(endpoint)
    hub.stages, heard = ["BUILDING", "BUILDING", "APP_STARTING", "RUNNING"], []
    deploy.wait_until_running(SPACE, heard.append, endpoint, every_s=0)
    assert heard == ["BUILDING", "APP_STARTING", "RUNNING"]


@pytest.mark.parametrize(("stage", "words"), [("BUILD_ERROR", "does not run"), ("BUILDING", "not run yet")])
def test_a_space_that_does_not_come_to_run_is_told(hub, endpoint, stage, words):
    make(endpoint)
    hub.stages = [stage]
    with pytest.raises(HubError, match=rf"lab/flicker .*{words}.*\({stage}\)"):
        deploy.wait_until_running(SPACE, print, endpoint, every_s=0, longest_s=0)


def test_a_dry_run_needs_no_hub(hub, uplapp):
    hub.faults = [("tree", 401)] * 20
    dry = uplapp(SPACE, "--dry-run")
    assert dry.returncode == 0
    assert "would create the space lab/flicker" in dry.stdout
    assert "the Hub was not asked what is there already" in dry.stdout
    assert "the app alone: https://lab-flicker.hf.space" in dry.stdout


def test_the_command_ends_with_one_line_when_the_hub_refuses(hub, uplapp):
    hub.faults = [("tree", 401)] * 20
    result = uplapp(SPACE)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("error: lab/flicker: the Hub refuses the token")
