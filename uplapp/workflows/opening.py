"""Opening of studies with the adaptive choices of the analysis."""

from pathlib import Path

from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.study.definition import Definition
from uplapp.study.session import opening
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store


def open_study(store: Store, definition: Definition, root: Path, now: float) -> OpenStudy:
    """Open a study whose adaptive choices, if it makes any, are the analysis'. Raises as the session does."""
    return opening.open_study(store, definition, root, now, next_pairs)
