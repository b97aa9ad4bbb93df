"""Fields that may name a person, kept apart from the answers, and the statements that clear them.

They are the ids of a panel, browser and system, the labels of personal links, and replies to the questions
that a study names. A row of `clearings` says since when those of a study are gone; what is older stays out
of every database that is made from journals.
"""

from collections.abc import Mapping

from uplapp.study.store.database import View

REMOVED = "(removed)"  # in the place of a label
PEOPLE = """SELECT observers.id, clearings.questions FROM observers
    JOIN clearings ON clearings.study = observers.study AND joined_at <= cleared_at"""
LINKS = """SELECT links.id FROM links
    JOIN clearings ON clearings.study = links.study AND made_at <= cleared_at"""
# All names are ours.
HELD: Mapping[str, str] = {
    "panel": f"observer IN (SELECT id FROM ({PEOPLE}) AS cleared)",  # noqa: S608
    "observers": f"agent != '' AND id IN (SELECT id FROM ({PEOPLE}) AS cleared)",  # noqa: S608
    "links": f"label != '{REMOVED}' AND id IN ({LINKS})",
    "replies": f"""EXISTS (SELECT 1 FROM ({PEOPLE}) AS cleared, json_each(cleared.questions) AS asked
        WHERE cleared.id = replies.observer AND asked.value = replies.question)""",  # noqa: S608
}
CLEAR: Mapping[str, str] = {
    "panel": "DELETE FROM panel",
    "observers": "UPDATE observers SET agent = ''",
    "links": f"UPDATE links SET label = '{REMOVED}'",  # noqa: S608
    "replies": "DELETE FROM replies",
}


def clear(connection: View) -> int:
    """Take out what the clearings in the database say. Returns the number of rows that had such a field."""
    return sum(
        connection.execute(f"{statement} WHERE {HELD[table]}").rowcount for table, statement in CLEAR.items()
    )
