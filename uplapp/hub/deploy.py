"""The app as a Space with its private dataset of answers: what is missing there, and making it so."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from uplapp.errors import UplappError
from uplapp.hub import client
from uplapp.hub.client import Blob, HubError, api, explain

PARTS = (
    *("app.py", "uplapp", "studies", "checkpoints", "requirements.txt", "README.md", "LICENSE"),
    "docs",  # the pictures of the README
)
NEEDED = ("app.py", "requirements.txt", "README.md")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
VARIABLE = "UPLAPP_ANSWERS_REPO"
SECRETS = {
    "HF_TOKEN": "a token that may write to the dataset of answers, and to nothing else",
    "UPLAPP_ADMIN_TOKEN": "a long random text that opens the researcher's view",
    "UPLAPP_RESEARCHERS": "further researchers, as anna=TOKEN,ben=TOKEN; left out, the token above is alone",
    "UPLAPP_ALARM_WEBHOOK": "an address for alarms; left out, they are on the page and in the log",
}


RUNNING = ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING")
BROKEN = ("NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR", "DELETING", "STOPPED", "PAUSED")
LOOK_EVERY_S, LONGEST_S = 5.0, 900.0


class PublicAnswers(HubError):
    """The dataset that shall hold answers can be read by anybody."""


@dataclass(frozen=True)
class Plan:
    """What a deployment changes: repositories to create, variables to set, files to send and to delete.

    `unknown` says why the Hub was not asked what is there already; then everything counts as new.
    """

    space: str
    answers: str
    create: tuple[str, ...]
    variables: Mapping[str, str]
    send: Mapping[str, bytes]
    delete: tuple[str, ...]
    files: int
    unknown: str = ""

    @property
    def links(self) -> dict[str, str]:
        """The addresses of the Space: its page on the Hub, the app alone, its settings."""
        alone = re.sub(r"[^a-z0-9]+", "-", self.space.lower())
        hub = f"https://huggingface.co/spaces/{self.space}"
        return {"space": hub, "app": f"https://{alone}.hf.space", "settings": f"{hub}/settings"}

    @property
    def megabytes(self) -> float:
        """The size of what is sent."""
        return sum(map(len, self.send.values())) / 1e6


def tracked(house: Path) -> dict[str, bytes]:
    """The app's files that git tracks, by path. Those that a Space needs. Raises UplappError without them."""
    command = ["git", "-C", str(house), "ls-files", "-z", "--", *PARTS]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise UplappError(
            f"{house} is no git repository; deploy from a clone, it sends tracked files"
        ) from None
    paths = {path: house / path for path in listed.split("\0") if path}
    if missing := [name for name in NEEDED if name not in paths]:
        raise UplappError(f"{house} lacks {', '.join(missing)}; deploy from the app's own clone")
    return {path: file.read_bytes() for path, file in paths.items() if file.is_file()}


def plan(space: str, answers: str, files: Mapping[str, bytes], endpoint: str | None = None) -> Plan:
    """Compare the files with the Hub. Changes nothing. Raises HubError, or UplappError for a bad name."""
    _require_names(space, answers)
    hub = api(endpoint)
    there = _listed(hub, space, "space")
    kept = _listed(hub, answers, "dataset")
    if kept is not None and not hub.repo_info(answers, repo_type="dataset").private:
        raise PublicAnswers(f"{answers} is public; answers go to a private dataset only: change it there")
    missing = [("space " + space, there), ("dataset " + answers, kept)]
    held = there or {}
    return Plan(
        space=space,
        answers=answers,
        create=tuple(name for name, contents in missing if contents is None),
        variables={} if there is not None and _variable(hub, space) == answers else {VARIABLE: answers},
        send={path: data for path, data in files.items() if path not in held or not held[path].holds(data)},
        delete=tuple(path for path in held if _ours(path) and path not in files),
        files=len(files),
    )


def plan_unasked(space: str, answers: str, files: Mapping[str, bytes], reason: str) -> Plan:
    """Plan a first deployment without the Hub. UplappError for a bad name."""
    _require_names(space, answers)
    create = (f"space {space}", f"dataset {answers}")
    return Plan(space, answers, create, {VARIABLE: answers}, files, (), len(files), reason)


def wait_until_running(
    space: str,
    watch: Callable[[str], None],
    endpoint: str | None = None,
    every_s: float = LOOK_EVERY_S,
    longest_s: float = LONGEST_S,
) -> None:
    """Look at a Space until it runs. `watch` hears each new stage, as the Hub calls it.

    HubError where the Space cannot run, or not within `longest_s`.
    """
    hub, end, last = api(endpoint), time.monotonic() + longest_s, ""
    while last not in RUNNING:
        try:
            stage = str(getattr(found := hub.get_space_runtime(space).stage, "value", found))
        except Exception as error:  # as above
            raise explain(error, space) from error
        if stage != last:
            watch(stage)
        last = stage
        if stage in BROKEN:
            raise HubError(f"{space} does not run ({stage}); its page on the Hub has the log")
        if stage not in RUNNING and time.monotonic() >= end:
            raise HubError(f"{space} does not run yet ({stage}); look at its page on the Hub")
        if stage not in RUNNING:
            time.sleep(every_s)


def _require_names(*names: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise UplappError(f"{name!r} is no repository; write OWNER/NAME in letters, digits, - _ .")


def carry_out(plan: Plan, endpoint: str | None = None) -> None:
    """Do what the plan says, safe to repeat. Raises HubError, and a second run does the rest."""
    hub = api(endpoint)
    try:
        hub.create_repo(plan.answers, repo_type="dataset", private=True, exist_ok=True)
        hub.create_repo(plan.space, repo_type="space", space_sdk="gradio", exist_ok=True)
        for name, value in plan.variables.items():
            hub.add_space_variable(plan.space, name, value)
        changes: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(path, data) for path, data in plan.send.items()),
            *(CommitOperationDelete(path) for path in plan.delete),
        ]
        if changes:
            hub.create_commit(plan.space, changes, commit_message="Update the app", repo_type="space")
    except Exception as error:  # the library raises errors of several families; all mean the same here
        raise explain(error, plan.space) from error


def _listed(hub: HfApi, name: str, kind: str) -> Mapping[str, Blob] | None:
    """The files of a repository, or None if it does not exist."""
    try:
        return client.listed(hub, name, kind)
    except RepositoryNotFoundError:
        return None
    except Exception as error:  # as above
        raise explain(error, name) from error


def _variable(hub: HfApi, space: str) -> str | None:
    """The dataset that an existing Space uses. Setting it anew would restart the Space."""
    try:
        variable = hub.get_space_variables(space).get(VARIABLE)
    except Exception as error:  # as above
        raise explain(error, space) from error
    return variable.value if variable else None


def _ours(path: str) -> bool:
    """Whether a file of the Space lies where only a deployment puts files."""
    return PurePosixPath(path).parts[0] in PARTS
