"""One of several processes that train together: `in_a_team.py FOLDER [STEP]`, stopped at STEP if given."""

import sys
from dataclasses import replace
from pathlib import Path

from tests.imaging.tiny import SPEC, TINY, changed, photographs
from uplapp.errors import Cancelled
from uplapp.imaging.training.run import train
from uplapp.imaging.training.team import Team

# A batch of five falls to two processes as three and two.
SHARED = changed(SPEC, loss="adaptive", schedule=replace(TINY, batch=5))


def whole(folder: Path) -> None:
    """Train to the end. Only the first process reports steps."""
    team, steps = Team.gather(), []
    assert team.size == 2, team
    train(SHARED, photographs(), folder, team, lambda progress: steps.append(progress.step))
    assert len(steps) == (SHARED.last.schedule.steps if team.leads else 0), steps


def stopped(folder: Path, step: int) -> None:
    """Train until a person stops the first process."""
    try:
        train(SHARED, photographs(), folder, Team.gather(), lambda progress: progress.step < step)
    except Cancelled as stop:
        if f"stopped at step {step}" not in str(stop):
            raise


if __name__ == "__main__":
    folder, *step = sys.argv[1:]
    stopped(Path(folder), int(step[0])) if step else whole(Path(folder))
