"""Everything that one analysis says, gathered in one value for tables, pictures and text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from uplapp.analysis.model.checks import GoodnessOfFit, bradley_terry, goodness_of_fit
from uplapp.analysis.observers.conduct import Triads, observers_triads, triads
from uplapp.analysis.observers.screening import screen
from uplapp.analysis.reading.cells import KINDS
from uplapp.analysis.reading.votes import count, scenes, without
from uplapp.analysis.scoring.analyse import MEAN, analyse
from uplapp.analysis.scoring.scenes import Interaction, analyse_scenes, interaction
from uplapp.analysis.scoring.significance import ALPHA, letters
from uplapp.errors import BadVotes, UplappError
from uplapp.values import Array, Comparisons, Method, Scores, Votes, Watch


@dataclass(frozen=True)
class Tally:
    """How many answers of each kind the kept observers gave, and what else there is to say of the source.

    `scenes` is 0 where none are named. `left_out` counts the trials of kinds that never enter, `not_sure` the
    main trials so answered; None where the source does not say. `origin` as in `Comparisons`.
    """

    scenes: int = 0
    left_out: Mapping[str, int] | None = None
    not_sure: int | None = None
    notes: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """Scores of the kept observers, and all that goes with them.

    `everyone` are the scores with the excluded observers too, None where nobody was excluded here. `scenes`
    holds the scores of every scene, where asked. `letters` (n) and `bradley_terry` (n,) in JOD follow
    `scores.conditions`. `triads` are those of the pooled votes, `observers_triads` the sum of the observers'
    own; `screening` is the table of `screen` on everyone. The last two are None for a matrix, the last also
    where `tally.notes` say why. `interaction` tests whether the scores differ by scene, None without a test.
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

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that a reader must know before believing the scores, each sentence once."""
        return tuple(dict.fromkeys((*self.scores.warnings, *_differ(self.interaction), *self.tally.notes)))


def report(
    source: Votes | Comparisons,
    method: Method = Method(),  # noqa: B008 - frozen
    exclude: Mapping[str, str] | None = None,
    per_scene: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Analyse `source`, leaving out the observers in `exclude` (name -> reason).

    `watch` hears how many replicates are done, of how many, of each set of scores in turn. Raises
    UplappError where a matrix is asked for what only votes can give.
    """
    if isinstance(source, Comparisons):
        if exclude or per_scene:
            what = "leaving out observers" if exclude else "scores of each scene"
            raise UplappError(f"{what} needs the votes one by one, not a matrix")
        tally = Tally(not_sure=_not_sure(source), notes=source.notes, origin=source.origin)
        return _report(analyse(source, method, watch), tally)
    kept = without(source, exclude) if exclude else source
    if per_scene and not any(scenes(kept)):
        raise BadVotes(f"{source.source} names no scenes; scores of each scene need a column 'scene'")
    screening, trouble = _screened(source)
    return _report(
        analyse(count(kept), method, watch),
        _tally(kept, trouble),
        everyone=analyse(count(source), method, watch) if exclude else None,
        scenes=analyse_scenes(kept, method, watch) if per_scene else {},
        observers_triads=sum(observers_triads(kept).values(), Triads(0, 0)),
        screening=screening,
        interaction=interaction(kept, method.seed),
    )


def _report(scores: Scores, tally: Tally, **others: object) -> Report:
    anchor = None if scores.method.anchor == MEAN else scores.conditions.index(scores.method.anchor)
    return Report(
        scores=scores,
        letters=letters(scores),
        goodness=goodness_of_fit(scores.wins),
        triads=triads(scores.wins),
        bradley_terry=bradley_terry(scores.wins, anchor),
        tally=tally,
        **others,  # type: ignore[arg-type]
    )


def _differ(test: Interaction | None) -> list[str]:
    """Warn where the scores of single scenes differ by more than chance."""
    if test is None or test.p >= ALPHA:
        return []
    return [
        f"preferences differ by scene (p = {test.p:.2g}): look at the scores of each scene (--per-scene, or "
        "Scenes on the page); the scores and intervals of all scenes together speak of these scenes alone"
    ]


def _screened(votes: Votes) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Screen the observers.

    A column beside the votes that cannot be read must not cost the ranking.
    """
    try:
        return screen(votes), ()
    except BadVotes as error:
        return None, (f"observers were not screened, as {error}",)


def _tally(votes: Votes, trouble: tuple[str, ...]) -> Tally:
    kinds = votes.table["kind"].value_counts()
    main, has_kinds = votes.table["kind"] == "main", votes.has_kinds
    return Tally(
        scenes=len([scene for scene in scenes(votes) if scene]),
        left_out={kind: int(kinds.get(kind, 0)) for kind in KINDS if kind != "main"} if has_kinds else None,
        not_sure=int((votes.table.loc[main, "is_A_selected"] == 0.5).sum()),
        notes=(*votes.notes, *trouble),
    )


def _not_sure(comparisons: Comparisons) -> int | None:
    answers = comparisons.answers
    return None if answers is None else int(np.rint(answers[:, 1].sum()))
