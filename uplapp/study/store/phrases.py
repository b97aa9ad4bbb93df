"""Parts of queries that several rooms use: who counts as a person, what became of somebody, editions."""

# Neither simulated nor of a pilot. The columns are those of `observers`.
PEOPLE = "simulated = 0 AND observers.pilot = 0"
# When somebody joined or answered last, in seconds since 1970.
LAST_SIGN = """(SELECT coalesce(max(CASE WHEN answered_at > joined_at THEN answered_at END), joined_at)
    FROM trials AS own JOIN answers ON answers.trial = own.token WHERE own.observer = observers.id)"""
USUAL_HOLD_S = 3600
# How long the study :study holds a place after that, in seconds.
HOLD_S = f"""(SELECT coalesce(60 * CAST(json_extract(manifest, '$.definition.access.hold_minutes')
    AS DOUBLE PRECISION), {USUAL_HOLD_S}) FROM studies WHERE id = :study)"""  # noqa: S608
FINISHED, UNDER_WAY, GIVEN_UP = "finished", "under way", "given up"
# What became of somebody at :now. Who has been silent for longer than a place is held gave up.
OUTCOME = f"""CASE WHEN finished_at IS NOT NULL THEN '{FINISHED}'
    WHEN {LAST_SIGN} > :now - {HOLD_S} THEN '{UNDER_WAY}' ELSE '{GIVEN_UP}' END"""
# The number of an edition: 1 for the first that was opened under the name of its study.
EDITION = """(SELECT count(*) FROM studies AS one WHERE one.name = studies.name
    AND (one.opened_at, one.rowid) <= (studies.opened_at, studies.rowid))"""
