"""The search for a learning rate: short runs from one start, one per rate, compared on validation pairs.

One rate for all would favour the losses it happens to suit, since their gradients differ by orders.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uplapp.errors import UplappError
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.training.log import Listener, Scores
from uplapp.imaging.training.run import Diverged, Supplies, train
from uplapp.imaging.training.team import Team

RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3)


@dataclass(frozen=True)
class Trial:
    """The result of a short run at one rate.

    It has no scores where the run diverged.
    """

    rate: float
    scores: Scores | None


def shortened(spec: RunSpec, rate: float, steps: int) -> RunSpec:
    """Give the recipe of a short run: its last stage with ramps as long a share of it, at another rate."""
    whole = spec.last.schedule
    warm_up = min(whole.warm_up, round(whole.warm_up * steps / whole.steps))
    short = replace(whole, steps=steps, learning_rate=rate, warm_up=warm_up)
    return replace(spec, stages=(*spec.stages[:-1], replace(spec.last, schedule=short)))


def try_rates(
    spec: RunSpec,
    supplies: Supplies,
    folder: Path,
    team: Team,
    rates: Sequence[float] = RATES,
    steps: int = 300,
    listener: Listener | None = None,
) -> list[Trial]:
    """Run one trial per rate, in order: a run of so many steps, scored by the loss it trains on.

    A function of recipe, data and rates; short runs that are done in `folder` are not repeated.
    """
    if supplies.validation is None:
        raise UplappError("rates are compared on images that training does not see; give a folder of them")
    trials = []
    for rate in sorted(set(rates)):
        short = shortened(spec, rate, steps)
        try:
            state = train(short, supplies.data, folder, team, listener, None, steps)
        except Diverged:
            trials.append(Trial(rate, None))
            continue
        scores = supplies.validation.look(state.learner, spec.last.schedule.precision)
        trials.append(Trial(rate, scores if math.isfinite(scores.loss) else None))
    return trials


def choose(trials: Sequence[Trial]) -> Trial:
    """Choose the trial with the lowest loss on validation pairs.

    UplappError is raised when all trials diverged.
    """
    losses = [(trial.scores.loss, trial) for trial in trials if trial.scores is not None]
    if not losses:
        rates = ", ".join(f"{trial.rate:g}" for trial in trials)
        raise UplappError(f"every rate diverged ({rates}); give lower ones")
    return min(losses, key=lambda pair: pair[0])[1]
