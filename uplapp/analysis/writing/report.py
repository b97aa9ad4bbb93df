"""Everything that one analysis says, gathered in one value for pictures and text, and as CSV and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.model import (
    GoodnessOfFit,
    UnequalFit,
    bradley_terry,
    coarse,
    components,
    goodness_within,
    unequal_variances,
)
from uplapp.analysis.observers.conduct import Triads, observers_triads, triads
from uplapp.analysis.observers.groups import Groups, compare_groups
from uplapp.analysis.observers.screening import screen
from uplapp.analysis.observers.spread import Spread, spread
from uplapp.analysis.reading.choices import BAD, BothBad, count_both_bad, count_steps, settle
from uplapp.analysis.reading.votes import count, count_scenes, scene_wins, scenes, without
from uplapp.analysis.scoring import (
    FEW_OBSERVERS,
    MEAN,
    Interaction,
    Ranks,
    analyse,
    analyse_scenes,
    beating,
    interaction,
    letters,
    rank_columns,
    ranking,
    ranks,
    resampled,
    scope,
)
from uplapp.analysis.scoring.covariate import Covariate
from uplapp.analysis.writing.choices import both_bad_columns, both_bad_values, step_values
from uplapp.analysis.writing.covariate import covariate_values
from uplapp.analysis.writing.people import group_values, spread_values
from uplapp.analysis.writing.ranks import rank_values
from uplapp.analysis.writing.score_values import score_values
from uplapp.analysis.writing.wording import near_warnings, scene_warnings
from uplapp.errors import BadVotes, UplappError
from uplapp.values import KINDS, Array, Comparisons, Estimate, Method, Scores, Votes, Watch


@dataclass(frozen=True)
class Tally:
    """How many answers of each kind the kept observers gave, and what else there is to say of the source.

    `scenes` is 0 where none are named. `left_out` counts the trials of kinds that never enter, `not_sure` the
    main trials so answered; None where the source does not say. `steps` counts the answers of step 1, step 2
    and so on, where there are steps. `origin` as in `Comparisons`.
    """

    scenes: int = 0
    left_out: Mapping[str, int] | None = None
    not_sure: int | None = None
    notes: tuple[str, ...] = ()
    origin: str = ""
    steps: tuple[int, ...] = ()

    @property
    def of_matrix(self) -> bool:
        """Whether the source is a matrix, which does not keep answers one by one."""
        return self.not_sure is None


@dataclass(frozen=True, eq=False)
class Report:
    """Scores of the kept observers, and all that goes with them.

    `everyone` are the scores with the excluded observers too, None where nobody was excluded here. `scenes`
    holds the scores of every scene, where asked. `letters` (n) and `bradley_terry` (n,) in JOD follow
    `scores.conditions`. `triads` are those of the pooled votes, `observers_triads` the sum of the observers'
    own; `screening` is the table of `screen` on everyone. The last two are None for a matrix, the last also
    where `tally.notes` say why. `interaction` tests whether the scores differ by scene, None without a test.
    `goodness` is the sum over `goodness_scenes` scenes, each against its own scores. `ranks` says how sure
    the ranks are, None without replicates. `unequal` is Case III, None where the votes cannot tell. `spread`
    says how much people differ, `groups` compares groups of observers, where asked. `both_bad` counts the
    answers that called both conditions bad, None where there are none.
    """

    scores: Scores
    letters: tuple[str, ...]
    goodness: GoodnessOfFit
    triads: Triads
    bradley_terry: Array
    tally: Tally = Tally()
    everyone: Scores | None = None
    scenes: Mapping[str, Scores] = field(default_factory=dict)
    observers_triads: Triads | None = None
    screening: pd.DataFrame | None = None
    interaction: Interaction | None = None
    goodness_scenes: int = 1
    ranks: Ranks | None = None
    unequal: UnequalFit | None = None
    spread: Spread | None = None
    groups: Groups | None = None
    covariate: Covariate | None = None
    both_bad: BothBad | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that a reader must know before believing the scores, each sentence once."""
        chancy = (*scene_warnings(self.interaction, self.scores), *near_warnings(self.scores))
        return tuple(dict.fromkeys((*self.scores.warnings, *chancy, *self.tally.notes)))


def report(
    source: Votes | Comparisons,
    method: Method = Method(),  # noqa: B008 - frozen
    exclude: Mapping[str, str] | None = None,
    per_scene: bool = False,
    watch: Watch | None = None,
    groups: str = "",
) -> Report:
    """Analyse `source`, leaving out the observers in `exclude` (name -> reason).

    `groups` names a column of the votes whose groups of observers are compared.
    `watch` hears how many replicates are done, of how many, of each set of scores in turn. Raises
    UplappError where a matrix is asked for what only votes can give.
    """
    if isinstance(source, Comparisons):
        if exclude or per_scene or groups:
            what = "scores of each scene" if per_scene else "comparing groups"
            what = "leaving out observers" if exclude else what
            raise UplappError(f"{what} needs the votes one by one, not a matrix")
        tally = Tally(not_sure=_not_sure(source), notes=source.notes, origin=source.origin)
        return _report(source, analyse(source, method, watch), tally)
    everything, source = source, settle(source, method.both_bad)
    kept = without(source, exclude) if exclude else source
    if per_scene and not any(scenes(kept)):
        raise BadVotes(f"{source.source} names no scenes; scores of each scene need a column 'scene'")
    by_scene = () if source.anonymous else tuple(count_scenes(source).values())
    screening, trouble = _screened(source, by_scene)
    counted, beat = count(kept), beating(watch, method.bootstraps)
    scores = analyse(counted, method, watch)
    made = _report(
        counted,
        scores,
        _tally(kept, trouble),
        everyone=analyse(count(source), method, watch) if exclude else None,
        scenes=analyse_scenes(kept, method, watch) if per_scene else {},
        observers_triads=_own_triads(kept, by_scene if kept is source else None),
        screening=screening,
        interaction=interaction(kept, method.seed, beat),
        spread=spread(counted, scores, beat),
        groups=compare_groups(kept, groups, method, watch) if groups else None,
        both_bad=count_both_bad(without(everything, exclude or {}), method.both_bad),
    )
    if watch is not None:
        watch(method.bootstraps, method.bootstraps)  # what came after the scores kept it at all but the last
    return made


def _report(counted: Comparisons, scores: Scores, tally: Tally, **others: object) -> Report:
    cells, n = counted.cells, len(scores.conditions)
    by_scene = scores.wins[None] if cells is None else scene_wins(cells, n)
    anchor = None if scores.method.anchor == MEAN else scores.conditions.index(scores.method.anchor)
    return Report(
        scores=scores,
        letters=letters(scores),
        goodness=goodness_within(by_scene),
        goodness_scenes=len(by_scene),
        triads=triads(scores.wins),
        bradley_terry=bradley_terry(scores.wins, anchor),
        tally=tally,
        ranks=ranks(scores),
        unequal=unequal_variances(scores.wins, scores.method.seed),
        **others,  # type: ignore[arg-type]
    )


def _own_triads(votes: Votes, by_scene: Sequence[Comparisons] | None) -> Triads | None:
    """Add up the triads of observers, None where nobody knows who voted."""
    return None if votes.anonymous else sum(observers_triads(votes, by_scene).values(), Triads(0, 0))


def _screened(votes: Votes, by_scene: Sequence[Comparisons]) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Screen the observers.

    A column beside the votes that cannot be read must not cost the ranking.
    """
    if votes.anonymous:
        return None, ()
    try:
        return screen(votes, by_scene), ()
    except BadVotes as error:
        return None, (f"observers were not screened, as {error}",)


def _tally(votes: Votes, trouble: tuple[str, ...]) -> Tally:
    kinds = votes.table["kind"].value_counts()
    main, has_kinds = votes.table["kind"] == "main", votes.has_kinds
    unsure = votes.table.loc[main, "is_A_selected"] == 0.5
    if BAD in votes.table:
        unsure &= ~votes.table.loc[main, BAD]
    return Tally(
        scenes=len([scene for scene in scenes(votes) if scene]),
        left_out={kind: int(kinds.get(kind, 0)) for kind in KINDS if kind != "main"} if has_kinds else None,
        not_sure=int(unsure.sum()),
        notes=(*votes.notes, *trouble),
        steps=count_steps(votes),
    )


def _not_sure(comparisons: Comparisons) -> int | None:
    answers = comparisons.answers
    return None if answers is None else int(np.rint(coarse(answers)[:, 1].sum()))


UNITS = "JOD; 1 JOD = 75% of answers choose the higher one"
MODEL = "Thurstone Case V, sigma 1.4826"


def headline(scores: Scores) -> str:
    """Say in one sentence who leads, and whether that may be chance."""
    people = scores.observers
    whose = "" if people is None else f" of {people} observer{'s' * (people != 1)}"
    basis = f"{scores.comparisons} comparison{'s' * (scores.comparisons != 1)}{whose}"
    ranked = ranking(scores)
    if len(set(components(scores.wins))) > 1 or ranked["rank"].isna().any():
        return f"No ranking: {basis} do not fix the scores."
    names = ranked["condition"].tolist()
    above = [pair for pair in scores.pairs if names[0] in (pair.a, pair.b)]
    clear = sum(pair.significant for pair in above)
    unsure = not scores.identifiable and not clear
    if unsure or (people is not None and people < FEW_OBSERVERS):
        return f"{names[0]} leads, on too few votes to be sure ({basis})."
    if clear == len(above):
        return f"{names[0]} looks best, clearly above all others ({basis})."
    if clear:
        return f"{names[0]} leads, clearly above {clear} of {len(above)} others ({basis})."
    return f"No clear winner: the lead of {names[0]} may be chance ({basis})."


def provenance(scores: Scores) -> dict[str, Any]:
    """What a reader needs to repeat the numbers."""
    method = scores.method
    return {
        "units": UNITS,
        "model": MODEL,
        "prior": method.prior,
        "ties": method.ties,
        "side_bias_fitted": method.side_bias,
        "interval": scores.interval,
        "resample": resampled(scores),
        "scope": scope(scores),
        "anchor": method.anchor,
        "observers": scores.observers,
        "simulated": scores.simulated,
        "comparisons": scores.comparisons,
        "identifiable": scores.identifiable,
        "bootstraps": method.bootstraps,
        "degenerate": scores.degenerate,
        "manifest": scores.manifest,
        "seed": method.seed,
        "version": __version__,
    }


def to_csv(report: Report) -> str:
    """Write the ranking as CSV, with its provenance in each row.

    Scores of scenes, where there are any, follow those of all scenes, whose `scene` is empty.
    """
    scores = report.scores
    extra: dict[str, Any] = {"letters": report.letters, "bradley_terry": report.bradley_terry}
    columns = rank_columns(report.ranks, scores).assign(**extra, **both_bad_columns(report.both_bad, scores))
    tables = [ranking(scores).merge(columns, on="condition").assign(scene="", **provenance(scores))]
    for scene, some in report.scenes.items():
        tables.append(ranking(some).assign(scene=scene, **provenance(some)))
    table = pd.concat(tables, ignore_index=True).assign(excluded=_reasons(scores))
    return plain.to_csv(table, decimals=6)


def to_json(report: Report) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(report))


def to_dict(report: Report) -> dict[str, Any]:
    """Turn a report into plain values.

    Lists of numbers keep the order of `conditions`.
    """
    scores, tally = report.scores, report.tally
    own, everyone = report.observers_triads, report.everyone
    return {
        **score_values(scores),
        "letters": list(report.letters),
        "goodness_of_fit": vars(report.goodness),
        "unequal_variances": None if report.unequal is None else vars(report.unequal),
        "goodness_of_fit_scenes": report.goodness_scenes,
        "triads": _triads(report.triads) | {"observers": None if own is None else _triads(own)},
        "bradley_terry": report.bradley_terry,
        "side_bias": _estimate(scores.side),
        "tie": _estimate(scores.tie),
        "not_sure": tally.not_sure,
        "steps": step_values(scores, tally.steps),
        "both_bad": both_bad_values(report.both_bad),
        "origin": tally.origin or None,
        "left_out": None if tally.left_out is None else dict(tally.left_out),
        "excluded": [{"observer": name, "reason": reason} for name, reason in scores.excluded],
        "everyone": None if everyone is None else score_values(everyone),
        "scenes": {
            scene: {**score_values(some), "bradley_terry": _on_zero(some)}
            for scene, some in report.scenes.items()
        },
        **_interaction(report),
        "ranks": rank_values(report.ranks),
        "observer_spread": spread_values(report.spread),
        "groups": group_values(report.groups),
        "covariate": covariate_values(report.covariate),
        "method": vars(scores.method),
        "warnings": list(report.warnings),
        **provenance(scores),
    }


def _interaction(report: Report) -> dict[str, Any]:
    """The test whether the scores differ by scene, nothing where there was none."""
    return {} if report.interaction is None else {"scene_interaction": vars(report.interaction)}


def _on_zero(scores: Scores) -> Array:
    """Fit Bradley-Terry scores (n,) of a scene's votes, with the mean of its scores in JOD."""
    other = bradley_terry(scores.wins)
    shifted: Array = other + scores.jod.mean()
    return shifted


def _triads(triads: Triads) -> dict[str, Any]:
    return {"complete": triads.complete, "circular": triads.circular, "share": triads.share}


def _estimate(estimate: Estimate | None) -> Any:
    return None if estimate is None else vars(estimate)


def _reasons(scores: Scores) -> str:
    return "; ".join(f"{observer}: {reason}" for observer, reason in scores.excluded)
