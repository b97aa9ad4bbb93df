"""`python -m uplapp next`: votes so far -> the pairs to ask next."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import EDITION, EXCLUDE, JSON, SIMULATED, VOTES, read_kept
from uplapp.errors import BadVotes, UplappError
from uplapp.plain import to_json
from uplapp.values import Comparisons

if TYPE_CHECKING:
    from uplapp.analysis.asking.next_pair import Chosen

SIDES = ["condition_A", "condition_B"]


@dataclass(frozen=True, eq=False)
class Question:
    """What `next` answers: the conditions with all wins (n,n), what the observer has judged, the mask."""

    conditions: tuple[str, ...]
    wins: np.ndarray
    shown: np.ndarray
    allowed: np.ndarray | None
    notes: tuple[str, ...]


@with_layout()
def next_pair(
    votes: Annotated[Path, VOTES],
    count: Annotated[int, typer.Option(help="How many pairs.")] = 10,
    observer: Annotated[
        str | None, typer.Option(help="Who will judge them; left out, somebody who has judged nothing yet.")
    ] = None,
    allowed: Annotated[
        Path | None, typer.Option(help="CSV with condition_A, condition_B: the only pairs that may be asked.")
    ] = None,
    target: Annotated[
        float, typer.Option(help="Stop when no 95% interval of neighbours in rank is wider, in JOD.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(help="Decides between equally good pairs.")] = 0,
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    simulated: Annotated[bool, SIMULATED] = False,
    edition: Annotated[str, EDITION] = "",
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Say which pairs to ask next, how much each answer is expected to add, and whether to stop.

    Example:  python -m uplapp next uplapp/analysis/reading/examples/votes.csv --count 5 --observer sim03
    --target 0.5
    """
    from uplapp.analysis.asking.next_pair import gains, next_pairs, posterior
    from uplapp.analysis.reading.votes import count as count_votes

    if not target > 0:
        raise UplappError(f"--target is {target:g} JOD; it must be above 0")
    if seed < 0:
        raise UplappError(f"--seed is {seed}; it must be 0 or more")
    comparisons = count_votes(read_kept(votes, layout, exclude or [], simulated, edition))
    question = _question(comparisons, observer, allowed)
    chosen = next_pairs(question.wins, count, question.allowed, question.shown, seed)
    bits = gains(posterior(question.wins))
    result = _result(comparisons, question, chosen, bits, target)
    typer.echo(to_json(result) if as_json else _text(result))


def _question(comparisons: Comparisons, observer: str | None, allowed: Path | None) -> Question:
    """Widen the votes to the conditions that only the allowed pairs name."""
    pairs = () if allowed is None else _read_pairs(allowed)
    conditions = comparisons.conditions
    new = tuple(sorted({name for pair in pairs for name in pair} - set(conditions)))
    names, pad = conditions + new, (0, len(new))
    judged = comparisons.wins[[place for place, who in enumerate(comparisons.observers) if who == observer]]
    wins, shown = (np.pad(x.sum(axis=0), (pad, pad)) for x in (comparisons.wins, judged))
    mask = np.zeros(wins.shape, dtype=bool)
    for a, b in pairs:
        mask[names.index(a), names.index(b)] = True
    notes = [*comparisons.notes, *(f"'{name}' has no votes yet" for name in new)]
    if observer is not None and not len(judged):
        notes.append(f"observer '{observer}' has judged nothing yet")
    return Question(names, wins, shown + shown.T, mask if pairs else None, tuple(notes))


def _read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    from uplapp.analysis.reading.tables import read_table

    table = read_table(path)
    if not set(SIDES) <= set(table.columns):
        raise BadVotes(f"{path.name} needs the columns {' and '.join(SIDES)}")
    pairs = []
    for line, a, b in table[SIDES].itertuples(name=None):
        a, b = a.strip(), b.strip()
        if not a or not b or a == b:
            raise BadVotes(
                f"{path.name}, line {line}: '{a}' and '{b}'; a pair names two different conditions"
            )
        pairs.append((a, b))
    if not pairs:
        raise BadVotes(f"{path.name} holds no pairs")
    return tuple(pairs)


def _result(
    comparisons: Comparisons, question: Question, chosen: "Chosen", bits: np.ndarray, target: float
) -> dict[str, object]:
    """Gather the answer.

    The width is infinite or NaN where the votes do not fix all differences.
    """
    from uplapp.analysis.asking.next_pair import widest_neighbour
    from uplapp.analysis.scoring import analyse

    width = widest_neighbour(analyse(comparisons))
    if len(question.conditions) > len(comparisons.conditions):
        width = np.inf
    return {
        "pairs": [
            {"a": question.conditions[i], "b": question.conditions[j], "gain_bits": bits[i, j]}
            for i, j in chosen
        ],
        "widest_neighbour_jod": width,
        "target_jod": target,
        "enough": bool(width <= target),
        "simulated": comparisons.simulated,
        "excluded": [{"observer": name, "reason": reason} for name, reason in comparisons.excluded],
        "warnings": list(question.notes),
    }


def _text(result: dict[str, object]) -> str:
    from uplapp.analysis.writing.wording import fixed, one_line

    pairs, width = result["pairs"], result["widest_neighbour_jod"]
    precision = "the votes do not fix all scores"
    if np.isfinite(width):  # type: ignore[call-overload]
        shown = fixed(width, limit=result["target_jod"])  # type: ignore[arg-type]
        precision = f"the widest 95% interval of a difference between neighbours in rank is {shown} JOD"
    lines = [
        "ask next, in this order (bits: how much one answer is expected to add now)",
        *(f"  {pair['a']} - {pair['b']}  {pair['gain_bits']:.4f}" for pair in pairs),  # type: ignore[attr-defined]
        f"{'enough, you may stop' if result['enough'] else 'not enough yet'}: {precision}, "
        f"the target is {result['target_jod']:g} JOD",
        *(f"left out: {one['observer']} ({one['reason']})" for one in result["excluded"]),  # type: ignore[attr-defined]
        *(f"warning: {warning}" for warning in result["warnings"]),  # type: ignore[attr-defined]
    ]
    return "\n".join(map(one_line, lines))
