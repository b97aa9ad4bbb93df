"""From the observer's page to the interval: simulated people over the real HTTP API, then the fit."""

import dataclasses
import json

import httpx
import numpy as np
import pytest

from tests.study.tiny import CONDITIONS, open_tiny
from tests.web.serving import Observer, mounted, serving
from uplapp.analysis.reading.votes import count, from_table
from uplapp.analysis.scoring import analyse
from uplapp.study.exports import votes
from uplapp.study.session import session
from uplapp.study.simulation import observers
from uplapp.study.store.store import Store
from uplapp.values import Method

SCORES = dict(zip(CONDITIONS, (0.9, -0.7, 0.3, -0.5), strict=True))  # JOD, mean 0
OBSERVERS = 24


def take_part(store, study, observer, rng):
    """Answer the whole study by the true scores, with names from the database and not from the page."""
    state = observer.join()
    while state["trial"]:
        trial = session.reveal(store, state["trial"]["token"])
        choice = observers.choose(trial, SCORES, rng)
        given = dataclasses.asdict(observers.respond(choice, study.definition.protocol, rng))
        del given["choice"]
        reply = observer.answer(state["trial"], choice=choice, **json.loads(json.dumps(given)))
        assert reply.status_code == 200
        state = reply.json()
    return state["code"]


@pytest.mark.slow
def test_simulated_people_over_http_give_back_their_scores_within_the_interval(tmp_path):
    store = Store(tmp_path / "answers.db")
    study = open_tiny(store, tmp_path / "tiny")
    with serving(mounted(store, {"tiny": study})) as address, httpx.Client(base_url=address) as client:
        streams = np.random.default_rng(42).spawn(OBSERVERS)
        codes = [take_part(store, study, Observer(client), rng) for rng in streams]
    table = votes.votes(store, study.id)
    scores = analyse(count(from_table(table)), Method(prior="none", bootstraps=500))
    store.close()
    assert len(set(codes)) == OBSERVERS
    assert (scores.observers, scores.comparisons) == (OBSERVERS, OBSERVERS * 12)
    truth = np.array([SCORES[name] for name in scores.conditions])
    assert np.all((scores.low <= truth) & (truth <= scores.high))
    assert np.all(scores.high - scores.low < 1.2)  # 24 x 12 votes say more than nothing
