"""One of several processes that train together: `in_a_team.py FOLDER`, one run to its end and one to STEP."""

import sys
from dataclasses import replace
from pathlib import Path

from tests.imaging.tiny import SPEC, TINY, changed, photographs
from uplapp.errors import Cancelled
from uplapp.imaging.training.run import train
from uplapp.imaging.training.team import Team

# A batch of five falls to two processes as three and two.
SHARED = changed(SPEC, loss="adaptive", schedule=replace(TINY, batch=5))
STEP = 5


def whole(folder: Path, team: Team) -> None:
    """Train to the end. Only the first process reports steps."""
    steps = []
    train(SHARED, photographs(), folder, team, lambda progress: steps.append(progress.step))
    assert len(steps) == (SHARED.last.schedule.steps if team.leads else 0), steps


def stopped(folder: Path, team: Team) -> None:
    """Train until a person stops the first process."""
    try:
        train(SHARED, photographs(), folder, team, lambda progress: progress.step < STEP)
    except Cancelled as stop:
        if f"stopped at step {STEP}" not in str(stop):
            raise
    else:
        raise AssertionError("nothing was stopped")


if __name__ == "__main__":
    team = Team.gather()
    assert team.size == 2, team
    for run in (whole, stopped):
        run(Path(sys.argv[1]) / run.__name__, team)
