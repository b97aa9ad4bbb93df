"""How many observers a study needs: simulated studies with guessed scores, analysed like real ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from uplapp.analysis.asking import BOOTSTRAPS, EXPERIMENTS, OBSERVERS, POWER
from uplapp.analysis.asking.next_pair import widths
from uplapp.analysis.model import preference
from uplapp.analysis.reading.numbers import value_of, values_of
from uplapp.analysis.scoring import TAILS, analyse, ranking, upright
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Array, Comparisons, Difference, Method, Rows, Scores, Watch

MOST_OBSERVERS, MOST_EXPERIMENTS = 1000, 10_000


@dataclass(frozen=True)
class Plan:
    """A study that is not yet run: guessed mean scores in JOD, and how each observer would answer.

    `scores` are (condition, JOD), the mean over observers; `spread_jod` is the standard deviation of each
    observer's own score around it. An analysis pools observers, and what people agree on less looks closer:
    it recovers a difference only up to the factor sigma / sqrt(sigma^2 + 2 spread^2), 0.96 for 0.3 JOD. A
    guess from an earlier analysis holds that factor already, so its power comes out a little too low.

    `votes_per_pair` is how often an observer judges each pair; below 1, or with a fraction, the rest goes to
    a share of the pairs that moves on from observer to observer. "Not sure" is left out.
    """

    scores: tuple[tuple[str, float], ...]
    votes_per_pair: float = 8.0
    spread_jod: float = 0.3

    @property
    def names(self) -> tuple[str, ...]:
        """Conditions in the order given."""
        return tuple(name for name, _ in self.scores)

    @property
    def jod(self) -> Array:
        """Guessed scores (n,)."""
        return np.array([score for _, score in self.scores], dtype=float)


@dataclass(frozen=True, eq=False)
class Planned:
    """What simulated studies found, with 95% Monte-Carlo intervals (Wilson) on every share.

    `table` has a row for each number of observers and each pair: `observers`, `comparison` ("a - b", a the
    higher), `difference_jod` (guessed), `power` with `power_low` and `power_high` (share of studies that find
    it, the right way round, Holm-adjusted; between equal conditions any finding counts, all of them false),
    `width_jod` (median width of the 95% interval of the difference), `neighbours` (next in rank).

    `overall` has a row for each number of observers: `all_neighbours` (share that find every difference of
    unequal neighbours at once; NaN without any), `best_first` (share that rank a guessed best first), both
    with `_low` and `_high`, `width_jod` (median of the widest of the neighbours).
    """

    plan: Plan
    method: Method
    experiments: int
    table: pd.DataFrame
    overall: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """What E experiments found with one number of observers."""

    significant: NDArray[np.bool_]  # (E,P)
    width: Array  # (E,P)
    best_first: NDArray[np.bool_]  # (E,)


def plan(
    guess: Plan,
    observers: Sequence[int] = OBSERVERS,
    experiments: int = EXPERIMENTS,
    method: Method = Method(bootstraps=BOOTSTRAPS),  # noqa: B008 - frozen
    seed: int = 0,
    watch: Watch | None = None,
) -> Planned:
    """Simulate `experiments` studies and analyse each with the first 6, 10, ... of its observers.

    `watch` hears how many analyses are done, of how many, and may raise Cancelled. The studies grow by
    observers, so that the power of two numbers of observers can be compared more closely than their
    intervals show.
    """
    sizes = _check(guess, observers, experiments, seed)
    first, second = _pairs(guess.jod)
    outcomes: list[list[tuple[NDArray[np.bool_], Array, bool]]] = [[] for _ in sizes]
    for done in range(experiments):
        generator = np.random.default_rng((seed, done))
        study = simulate(guess, sizes[-1], generator)
        own = replace(method, seed=int(generator.integers(2**31)))
        for place, size in enumerate(sizes):
            scores = analyse(_first(study, size), own)
            outcomes[place].append(_outcome(guess, scores, first, second))
            if watch:
                watch(done * len(sizes) + place + 1, experiments * len(sizes))
    results = [_Outcomes(*map(np.array, zip(*rows, strict=True))) for rows in outcomes]
    table = pd.concat([_table(guess, k, x) for k, x in zip(sizes, results, strict=True)], ignore_index=True)
    overall = pd.DataFrame([_overall(guess, k, x) for k, x in zip(sizes, results, strict=True)])
    return Planned(guess, method, experiments, table, overall)


def simulate(guess: Plan, observers: int, generator: np.random.Generator) -> Comparisons:
    """Draw one study: observers with scores of their own, and their binomial votes."""
    n = len(guess.scores)
    first, second = np.triu_indices(n, 1)
    own = guess.jod + generator.normal(0, guess.spread_jod, (observers, n))
    votes = _votes(guess.votes_per_pair, observers, first.size, generator)
    wins = np.zeros((observers, n, n))
    wins[:, first, second] = generator.binomial(votes, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = votes - wins[:, first, second]
    digits = len(str(observers))
    return Comparisons(guess.names, tuple(f"o{k:0{digits}d}" for k in range(observers)), wins, simulated=True)


def needed(planned: Planned, power: float = POWER, comparison: str | None = None) -> int | None:
    """Smallest tried number of observers that reaches a power, or None.

    `comparison` is one of the table's, such as "a - b"; left out, all neighbours at once.
    """
    shares = _shares(planned, comparison)
    reached = shares.index[shares["power"] >= power]
    return int(reached[0]) if reached.size else None


def advice(planned: Planned, power: float = POWER, comparison: str | None = None) -> str:
    """Say in plain words how many observers reach a power."""
    shares, enough = _shares(planned, comparison), needed(planned, power, comparison)
    if shares["power"].isna().all():
        return "All conditions have the same guessed score: there is no difference to find."
    most = int(shares.index[-1])
    low, share, high = shares.loc[enough or most, ["power_low", "power", "power_high"]]
    what = f"the difference {comparison}" if comparison else "every difference between neighbours"
    reach = f"find {what} in {share:.0%} of such studies (95% Monte-Carlo interval {low:.0%} to {high:.0%})"
    if enough:
        return f"{enough} observers are enough: they {reach}."
    hardest = _hardest(planned, comparison)
    return f"{most} observers are not enough: they {reach}, short of {power:.0%}{hardest}."


def wilson(hits: Array, trials: int) -> tuple[Array, Array]:
    """95% interval of shares, `hits` of `trials` (Wilson 1927)."""
    z2 = stats.norm.ppf(TAILS[1]) ** 2
    share = hits / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = np.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    return middle - reach, middle + reach


def read_scores(text: str) -> tuple[tuple[str, float], ...]:
    """Read guessed scores from "name=score, name=score", where a name may hold "="."""
    names, texts = [], []
    for part in text.split(","):
        name, sign, score = (word.strip() for word in part.rpartition("="))
        if not sign or not name or not np.isfinite(value_of(score)):
            raise UplappError(f"'{part.strip()}' is not name=score, such as l2=-0.5")
        names.append(name)
        texts.append(score)
    return tuple(zip(names, map(float, values_of(texts)), strict=True))


def _check(guess: Plan, observers: Sequence[int], experiments: int, seed: int) -> tuple[int, ...]:
    """Check that a plan can be simulated.

    Returns the numbers of observers, sorted.
    """
    _check_guess(guess)
    sizes = tuple(sorted(set(observers)))
    if not sizes or sizes[0] < 2 or sizes[-1] > MOST_OBSERVERS:
        words = ", ".join(map(str, sizes)) or "none"
        raise UplappError(
            f"the numbers of observers are {words}; give one or more from 2 to {MOST_OBSERVERS}"
        )
    if not 1 <= experiments <= MOST_EXPERIMENTS:
        raise UplappError(f"experiments is {experiments}; it must be from 1 to {MOST_EXPERIMENTS}")
    if seed < 0:
        raise UplappError(f"seed is {seed}; it must be 0 or more")
    return sizes


def _check_guess(guess: Plan) -> None:
    names, n = guess.names, len(guess.names)
    if n < 2:
        raise UplappError(f"{n} conditions are guessed; a comparison needs two or more")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UplappError(f"the condition '{twice[0]}' has two guessed scores; name each once")
    for name, score in guess.scores:
        if not np.isfinite(score):
            raise UplappError(f"the guessed score of '{name}' is {score}; it must be a number in JOD")
    if not 0 <= guess.spread_jod < np.inf:
        raise UplappError(f"the spread is {guess.spread_jod} JOD; it must be a number from 0 up")
    least = 2 / (n * (n - 1))
    if not least <= guess.votes_per_pair + 1e-3 * least < np.inf:
        raise UplappError(
            f"an observer gives {guess.votes_per_pair:g} votes per pair; it must be a number from "
            f"{least:.3g} up, which is one vote for {n} conditions"
        )


def _pairs(jod: Array) -> tuple[Rows, Rows]:
    """List all pairs (P,), neighbours in rank before the others, in each the higher condition first."""
    order = np.argsort(-jod, kind="stable")
    upper, lower = np.triu_indices(jod.size, 1)
    turn = np.argsort(lower - upper > 1, kind="stable")
    return order[upper[turn]], order[lower[turn]]


def _votes(votes_per_pair: float, observers: int, pairs: int, generator: np.random.Generator) -> Rows:
    """Deal votes (K,P) to each observer.

    Fractions go round, so no pair gets two more than another.
    """
    whole = int(votes_per_pair)
    votes = np.full((observers, pairs), whole)
    ends = np.floor(np.arange(observers + 1) * (votes_per_pair - whole) * pairs + 1e-6).astype(int)
    places = generator.permutation(pairs)[np.arange(ends[-1]) % pairs]
    np.add.at(votes, (np.repeat(np.arange(observers), np.diff(ends)), places), 1)
    return votes


def _first(study: Comparisons, observers: int) -> Comparisons:
    return replace(study, observers=study.observers[:observers], wins=study.wins[:observers])


def _outcome(guess: Plan, scores: Scores, first: Rows, second: Rows) -> tuple[NDArray[np.bool_], Array, bool]:
    """Which pairs (P,) one study found, how wide their intervals are (P,), and whether the best leads."""
    n = len(scores.conditions)
    side = np.zeros((n, n))  # the sign of what was found, 0 where nothing was
    upper, lower = np.triu_indices(n, 1)
    side[upper, lower] = [_sign(scores, pair) if pair.significant else 0 for pair in scores.pairs]
    side -= side.T
    equal = guess.jod[first] == guess.jod[second]
    significant = (side[first, second] > 0) | (equal & (side[first, second] != 0))
    return significant, widths(scores, first, second), _leads(guess, scores)


def _leads(guess: Plan, scores: Scores) -> bool:
    """Say whether a guessed best condition came first, by scores or by the known order."""
    if scores.on_one_scale:
        return bool(guess.jod[np.argmax(scores.jod)] == guess.jod.max())
    ranked = ranking(scores)
    first = ranked.loc[(ranked["rank"] == 1).fillna(False), "condition"].tolist()
    return len(first) == 1 and bool(guess.jod[scores.conditions.index(first[0])] == guess.jod.max())


def _sign(scores: Scores, pair: Difference) -> int:
    """1 where the first of a pair is the better one, -1 where the second is."""
    return 1 if upright(scores, pair)[0] == pair.a else -1


def _table(guess: Plan, observers: int, outcomes: _Outcomes) -> pd.DataFrame:
    first, second = _pairs(guess.jod)
    low, high = wilson(outcomes.significant.sum(axis=0), len(outcomes.significant))
    return pd.DataFrame(
        {
            "observers": observers,
            "comparison": [
                f"{guess.names[i]} - {guess.names[j]}" for i, j in zip(first, second, strict=True)
            ],
            "difference_jod": guess.jod[first] - guess.jod[second],
            "power": outcomes.significant.mean(axis=0),
            "power_low": low,
            "power_high": high,
            "width_jod": np.median(outcomes.width, axis=0),
            "neighbours": np.arange(first.size) < len(guess.names) - 1,
        }
    )


def _overall(guess: Plan, observers: int, outcomes: _Outcomes) -> dict[str, float]:
    first, second = _pairs(guess.jod)
    neighbours = slice(len(guess.names) - 1)
    unequal = (guess.jod[first] > guess.jod[second])[neighbours]
    every = outcomes.significant[:, neighbours] | ~unequal
    row: dict[str, float] = {"observers": observers}
    for name, hits in (("all_neighbours", every.all(axis=1)), ("best_first", outcomes.best_first)):
        low, high = wilson(hits.sum(), hits.size)
        row |= {name: float(hits.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}
    if not unequal.any():
        row |= dict.fromkeys(("all_neighbours", "all_neighbours_low", "all_neighbours_high"), np.nan)
    return row | {"width_jod": float(np.median(outcomes.width[:, neighbours].max(axis=1)))}


def _hardest(planned: Planned, comparison: str | None) -> str:
    """Name the difference that keeps a study from finding all."""
    if comparison:
        return ""
    table = planned.table
    open_ = table["neighbours"] & (table["difference_jod"] > 0)
    last = table[open_ & (table["observers"] == table["observers"].max())]
    row = last.loc[last["power"].idxmin()]
    return (
        f"; the hardest is {row['comparison']} ({row['difference_jod']:.2g} JOD), found in {row['power']:.0%}"
    )


def _shares(planned: Planned, comparison: str | None) -> pd.DataFrame:
    """Power with its interval, by number of observers."""
    if comparison is None:
        names = {
            "all_neighbours": "power",
            "all_neighbours_low": "power_low",
            "all_neighbours_high": "power_high",
        }
        return planned.overall.rename(columns=names).set_index("observers")
    table = planned.table
    if comparison not in set(table["comparison"]):
        raise UnknownName("comparison", comparison, set(table["comparison"]))
    return table[table["comparison"] == comparison].set_index("observers")
