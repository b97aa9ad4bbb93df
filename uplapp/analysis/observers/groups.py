"""Whether groups of observers differ: a column of the votes, a test, and the scores of each group."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from uplapp.analysis.model import Pairs, Terms, components, fit_best, likelihood, maximise
from uplapp.analysis.reading.cells import cells_of
from uplapp.analysis.reading.choices import BAD, STEP, STRENGTH
from uplapp.analysis.reading.numbers import number
from uplapp.analysis.reading.votes import count, main_trials
from uplapp.analysis.scoring import ALPHA, OBSERVERS, TAILS, Beat, analyse, beating, holm
from uplapp.errors import BadVotes, Cancelled, UnknownName, UplappError
from uplapp.values import PARAMETRIC, Array, Comparisons, Mask, Method, Rows, Scores, Votes, Watch

PERMUTATIONS = 999
MOST_CELLS = 20_000_000  # permutations x groups x pairs and scenes
MOST_GROUPS = 8
CLIMB = 25  # Newton steps: votes that leave scores open are by then at the top of their likelihood
SAME = 1e-6  # of a likelihood ratio: what fits of the same votes may differ by
OWN_COLUMNS = {
    *("observer", "condition_A", "condition_B", "is_A_selected", "scene", "kind", "simulated"),
    *(STEP, BAD, STRENGTH),
}


@dataclass(frozen=True)
class GroupTest:
    """Likelihood ratio of scores per group against scores common to all, its degrees of freedom and p.

    p is the share of `permutations` of observers between groups with a ratio as large, the groups themselves
    counted among them; NaN where nothing can be tested.
    """

    ratio: float
    df: int
    p: float
    permutations: int


@dataclass(frozen=True)
class GroupDifference:
    """How far a condition lies higher in group `a` than in `b`, in JOD, with its 95% interval and p."""

    condition: str
    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of observers by a `column` of the votes, their scores side by side, and whether they differ.

    `members` counts the observers of each group; `differences` are those of conditions between two groups,
    Holm-adjusted over all; `notes` say what was done to the column.
    """

    column: str
    members: Mapping[str, int]
    scores: Mapping[str, Scores]
    test: GroupTest
    differences: tuple[GroupDifference, ...]
    notes: tuple[str, ...] = ()


def group_columns(votes: Votes) -> tuple[str, ...]:
    """List the columns that can group the observers: two values or more, one value per observer."""
    names = [str(name) for name in votes.table.columns if name not in OWN_COLUMNS]
    usable = []
    for name in names:
        try:
            members, _ = group_members(votes, name)
        except UplappError:
            continue
        if len(set(members.values())) < len(members):
            usable.append(name)
    return tuple(usable)


def group_members(votes: Votes, column: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read the group of each observer, and say what was done.

    Numbers of many values are cut at their median. Observers with empty cells are in no group. Raises
    BadVotes where an observer has two values, or where there are fewer than two groups or too many.
    """
    if column not in votes.table.columns:
        raise UnknownName("column", column, sorted(map(str, votes.table.columns)))
    table = main_trials(votes)
    cells = cells_of(table, (column,))
    own = pd.DataFrame({"observer": table["observer"].astype(str).to_numpy(), "value": cells.codes})
    own = own.drop_duplicates()
    twice = own[own["observer"].duplicated(keep=False)]
    if len(twice):
        name = twice["observer"].iloc[0]
        both = [cells.texts[code] for code in twice.loc[twice["observer"] == name, "value"]]
        said = " and ".join(f"'{value}'" for value in both[:2])
        raise BadVotes(f"observer '{name}' has {said} in column '{column}'; a group needs one value each")
    values = {name: cells.texts[code] for name, code in zip(own["observer"], own["value"], strict=True)}
    members = {name: value for name, value in values.items() if value}
    left_out = len(values) - len(members)
    notes = (
        [f"{left_out} observers have no value in column '{column}' and are in no group"] if left_out else []
    )
    members, cut = _cut(members, column)
    groups = sorted(set(members.values()))
    if not 2 <= len(groups) <= MOST_GROUPS:
        raise BadVotes(
            f"column '{column}' makes {len(groups)} groups; from 2 to {MOST_GROUPS} can be compared"
        )
    return members, (*notes, *cut)


def compare_groups(
    votes: Votes,
    column: str,
    method: Method = Method(),  # noqa: B008 - frozen
    watch: Watch | None = None,
) -> Groups:
    """Score each group of observers as a study of its own, and test whether they differ.

    Zero is the anchor, or the mean of the conditions. `watch` hears of the replicates of each group.
    """
    members, notes = group_members(votes, column)
    alone = replace(method, resample=OBSERVERS)
    scores = {}
    names = votes.table["observer"].astype(str)
    for group in sorted(set(members.values())):
        people = [name for name, value in members.items() if value == group]
        part = replace(votes, table=votes.table[names.isin(people)])
        try:
            scores[group] = analyse(count(part), alone, watch)
        except Cancelled:  # by whoever watches
            raise
        except UplappError as error:
            raise UplappError(f"group '{group}': {error}") from None
    kept = replace(votes, table=votes.table[names.isin(list(members))])
    return Groups(
        column=column,
        members={group: sum(value == group for value in members.values()) for group in scores},
        scores=scores,
        test=group_test(count(kept), members, method.seed, beating(watch, method.bootstraps)),
        differences=group_differences(scores),
        notes=notes,
    )


def group_test(
    comparisons: Comparisons, members: Mapping[str, str], seed: int = 0, beat: Beat | None = None
) -> GroupTest:
    """Test by permuting observers between groups whether scores differ by group.

    The ratio is -2 ln(L_common / L_groups) of Thurstone fits without a prior, "not sure" as half a vote.
    Where votes name scenes, scores of each scene are taken as given, and groups differ from them alike in all
    scenes: so what groups owe to the scenes that they saw is no difference between groups. `beat` may end the
    work.
    """
    groups = sorted(set(members.values()))
    label = np.array([groups.index(members[name]) for name in comparisons.observers])
    votes = _Votes.of(comparisons)
    df = sum(_freedom(votes, label == place) for place in range(len(groups)))
    df -= _freedom(votes, label >= 0)
    if df <= 0:
        return GroupTest(np.nan, max(df, 0), np.nan, 0)
    total = int(np.clip(MOST_CELLS // (len(groups) * votes.won.shape[1]), 99, PERMUTATIONS))
    generator = np.random.default_rng(seed)
    labels = np.array([label, *(generator.permutation(label) for _ in range(total))])
    best = np.zeros(len(labels))
    for place in range(len(groups)):
        best += votes.peak((labels == place).astype(float), beat)
    common = votes.peak(np.ones((1, label.size)))[0]
    as_large = int((best[1:] >= best[0] - SAME).sum())
    return GroupTest(float(max(0.0, 2 * (best[0] - common))), df, (1 + as_large) / (1 + total), total)


def group_differences(scores: Mapping[str, Scores]) -> tuple[GroupDifference, ...]:
    """Compare each condition between each two groups, by Welch's t on the replicates' spread."""
    rows = []
    for a, b in combinations(scores, 2):
        for condition in scores[a].conditions:
            if condition in scores[b].conditions:
                rows.append((condition, a, b, *_apart(scores[a], scores[b], condition)))
    adjusted = holm(np.array([row[-1] for row in rows], dtype=float))
    return tuple(GroupDifference(*row, float(p)) for row, p in zip(rows, adjusted, strict=True))


def _apart(one: Scores, other: Scores, condition: str) -> tuple[float, float, float, float]:
    """Difference of a condition between two groups, the ends of its interval, and p."""
    places = [some.conditions.index(condition) for some in (one, other)]
    apart = float(one.jod[places[0]] - other.jod[places[1]])
    parts, freedoms = [], []
    for some, place in zip((one, other), places, strict=True):
        people = some.observers or 1
        if some.interval == PARAMETRIC or not np.isfinite(some.low[place]):
            return apart, np.nan, np.nan, np.nan
        parts.append(float(some.replicates[:, place].var(ddof=1)) * people / (people - 1))
        freedoms.append(people - 1)
    if sum(parts) <= 0:
        return apart, np.nan, np.nan, np.nan
    freedom = sum(parts) ** 2 / sum(part**2 / df for part, df in zip(parts, freedoms, strict=True))
    se = float(np.sqrt(sum(parts)))
    reach = float(stats.t.ppf(TAILS[1], freedom)) * se
    return apart, apart - reach, apart + reach, float(2 * stats.t.sf(abs(apart) / se, freedom))


def differs(test: GroupTest) -> bool:
    """Say whether groups differ by more than chance."""
    return bool(test.p < ALPHA)


def _cut(members: dict[str, str], column: str) -> tuple[dict[str, str], list[str]]:
    """Cut numbers of more than MOST_GROUPS values, or of hardly two people each, at their median."""
    values = {name: number(text) for name, text in members.items()}
    numbers = np.array(list(values.values()), dtype=float)
    most = min(MOST_GROUPS, len(members) // 2)
    if len(set(members.values())) <= most or not np.isfinite(numbers).all():
        return members, []
    middle = float(np.median(numbers))
    middle = middle if (numbers > middle).any() else float(numbers[numbers < middle].max())
    cut = {
        name: f"up to {middle:g}" if value <= middle else f"above {middle:g}"
        for name, value in values.items()
    }
    return cut, [f"the numbers in column '{column}' are cut at their median, {middle:g}"]


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes (K,S*P) of observers on the pairs of each scene, and the scores (S,n) of each scene.

    `won` counts those for the `first` condition (P,), `cast` all.
    """

    won: Array
    cast: Array
    first: Rows
    second: Rows
    scenes: Array
    conditions: int

    @classmethod
    def of(cls, comparisons: Comparisons) -> "_Votes":
        """Count the votes of each observer by scene and pair."""
        n, people = len(comparisons.conditions), len(comparisons.observers)
        cells = comparisons.cells
        if cells is None:
            wins = comparisons.wins[:, None]
        else:
            wins = np.zeros((people, len(cells.scenes), n, n))
            share = cells.share
            np.add.at(wins, (cells.observer, cells.scene, cells.first, cells.second), share * cells.times)
            np.add.at(
                wins, (cells.observer, cells.scene, cells.second, cells.first), (1 - share) * cells.times
            )
        counts = wins.sum(axis=0)
        first, second = np.nonzero(np.triu((counts + counts.swapaxes(1, 2)).sum(axis=0), 1))
        won, lost = wins[..., first, second], wins[..., second, first]
        scores = np.zeros((len(counts), n))
        if len(counts) > 1:
            scores = np.array([_scene_scores(each) for each in counts])
        return cls(won.reshape(people, -1), (won + lost).reshape(people, -1), first, second, scores, n)

    def peak(self, weights: Array, beat: Beat | None = None) -> Array:
        """Highest log-likelihood (B,) of the votes of observers, each as often as weights (B,K) say.

        The scores are those of the scenes plus one shift per condition. `beat` may end the work.
        """
        shape = len(weights), len(self.scenes), self.first.size
        won, cast = ((weights @ votes).reshape(shape) for votes in (self.won, self.cast))
        objectives = [
            likelihood(Pairs(self.conditions, self.first, self.second, won[:, scene], cast[:, scene]))
            for scene in range(shape[1])
        ]

        def objective(scores: Array, rows: Rows) -> Terms:
            if beat:
                beat()
            terms = [each(scores + own, rows) for each, own in zip(objectives, self.scenes, strict=True)]
            names = ("value", "gradient", "hessian", "concave")
            return Terms(*(np.sum([getattr(part, name) for part in terms], axis=0) for name in names))

        gauge = np.ones((self.conditions, self.conditions))
        start = np.zeros((len(weights), self.conditions))
        fit = maximise(objective, start, gauge, CLIMB)
        value: Array = objective(fit.scores, np.arange(len(weights))).value
        return value


def _scene_scores(counts: Array) -> Array:
    """Fit scores (n,) to the counts of one scene, 0 where nothing is known.

    The distance prior keeps them finite where a condition won or lost every vote.
    """
    return np.nan_to_num(fit_best(counts, "distance", components(counts)))


def _freedom(votes: _Votes, members: Mask) -> int:
    """Count the differences that the votes of some observers can fix."""
    cast = votes.cast[members].reshape(-1, len(votes.scenes), votes.first.size).sum(axis=(0, 1))
    counts = np.zeros((votes.conditions, votes.conditions))
    counts[votes.first, votes.second] = counts[votes.second, votes.first] = cast
    return votes.conditions - len(set(components(counts)))
