"""`python -m uplapp study rebuild`: a database of answers made anew from its journals."""

from uplapp.commands.shared import Json, print_result


def rebuild(as_json: Json = False) -> None:
    """Bring back what the database lacks from the journals beside it, after a loss or a damage.

    Stop the app first. A damaged database is put aside and kept. Nothing is ever there twice.

    Example: uplapp study rebuild
    """
    from uplapp.settings import Settings
    from uplapp.study.store import recovery, replay
    from uplapp.study.store.holding import holding
    from uplapp.study.store.store import DATABASE

    data = Settings.from_env().data
    with holding(data):
        made = recovery.rebuild(data / DATABASE, data / replay.FOLDER)
    moved = {} if made.moved is None else {"damaged_database": str(made.moved)}
    counts = {"rows_restored": made.replayed.added, "lines_damaged": made.replayed.damaged}
    print_result(
        as_json, {"database": str(data / DATABASE), **counts, "rows_left_out": made.replayed.orphans, **moved}
    )
