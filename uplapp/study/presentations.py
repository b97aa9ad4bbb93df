"""The ways of presenting pictures to observers, each with what follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from uplapp.study.answers import rating, response
from uplapp.study.answers.response import Response
from uplapp.study.definition import Definition
from uplapp.study.exports import ratings as rating_table
from uplapp.study.exports import votes as vote_table
from uplapp.study.plans import pairs, ratings
from uplapp.values import Trial


@dataclass(frozen=True)
class Presentation:
    """One way of presenting pictures. `name` goes to the observer's page, `answers` to names of exports.

    `plan` makes the trials of an observer from definition, number and seed, `slots` names the pictures of a
    trial that its observer may fetch, `read` checks an answer as JSON, `as_table` exports answers.
    """

    name: str
    answers: str
    plan: Callable[[Definition, int, int], tuple[Trial, ...]]
    slots: Callable[[Definition], tuple[str, ...]]
    read: Callable[[Mapping[str, Any], Definition], Response]
    as_table: vote_table.AsTable


def presentation_of(definition: Definition) -> Presentation:
    """The row of PRESENTATIONS by which a study shows its pictures."""
    return PRESENTATIONS["rating" if definition.rating else "pairs"]


def _slots_of_pairs(definition: Definition) -> tuple[str, ...]:
    return "original", "left", "right"


def _slots_of_rating(definition: Definition) -> tuple[str, ...]:
    shown = definition.rating is not None and definition.rating.reference == "shown"
    return ("original", "left") if shown else ("left",)


def _read_vote(body: Mapping[str, Any], definition: Definition) -> Response:
    return response.read(body, definition.protocol)


PAIRS = Presentation("pairs", "votes", pairs.plan, _slots_of_pairs, _read_vote, vote_table.as_table)
RATING = Presentation("rating", "ratings", ratings.plan, _slots_of_rating, rating.read, rating_table.as_table)
PRESENTATIONS = {row.name: row for row in (PAIRS, RATING)}
