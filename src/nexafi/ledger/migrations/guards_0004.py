"""How SQLite takes many entries apart at once. Part of migration 0004: never edited later.

A row of the slot `postings` holds one entry, which the trigger of migration
0001 takes as before, or a list of them that each say their id. A list is read
once, into the empty table `taken`, and checked there as a whole: the guards
are the same, each asked once for all. Then it is written, and both are emptied.

Of what is refused nothing stays, `taken` included: RAISE(ABORT) takes back the
whole statement whatever its conflict clause. What such a clause would reach, a
constraint that fails half-way, is asked for before anything is written; so
each thing that a constraint of `entries`, `lines` or `fresh` wants stands here.
`taken` itself has none that could fail. CROSS JOIN says that its rows come
first: left to choose, SQLite reads every line of the books. LIMIT -1 keeps
what was read of the JSON from being read again for each column.
"""

from alembic import op

from nexafi.ledger.migrations.guards_0001 import TAKE_POSTING

HEADS = """(
    SELECT json_extract(e.body, '$.id') AS entry_id,
           json_extract(e.body, '$.journal') AS journal,
           json_extract(e.body, '$.kind') AS kind,
           json_extract(e.body, '$.date') AS date,
           json_extract(e.body, '$.description') AS description,
           json_extract(e.body, '$.reference') AS reference,
           json_extract(e.body, '$.source') AS source,
           json_extract(e.body, '$.tags') AS tags,
           json_extract(e.body, '$.base_currency') AS base_currency,
           json_extract(e.body, '$.reverses_id') AS reverses_id,
           json_extract(e.body, '$.posted_by') AS posted_by,
           json_extract(e.body, '$.recorded_at') AS recorded_at,
           json_array_length(e.body, '$.lines') AS lines_count, e.body
      FROM (SELECT value AS body FROM json_each(NEW.body) LIMIT -1 OFFSET 0) AS e
     LIMIT -1 OFFSET 0
)"""

TAKE_POSTINGS = f"""
CREATE TRIGGER take_postings AFTER INSERT ON postings WHEN json_type(NEW.body) = 'array'
BEGIN
    INSERT INTO taken (organization_id, id, entry_id, journal, kind, date, description, reference,
                       source, tags, base_currency, reverses_id, posted_by, recorded_at,
                       lines_count, line_id, position, account_id, minor, currency, base_minor,
                       is_whole, line_description)
    SELECT NEW.organization_id, lower(hex(randomblob(16))), l.entry_id, l.journal, l.kind, l.date,
           l.description, l.reference, l.source, l.tags, l.base_currency, l.reverses_id,
           l.posted_by, l.recorded_at, l.lines_count, json_extract(l.value, '$.id'), l.key,
           (SELECT a.id FROM accounts AS a
             WHERE a.organization_id = NEW.organization_id
               AND a.code = json_extract(l.value, '$.account') AND a.is_open
               AND (a.currency IS NULL OR a.currency = json_extract(l.value, '$.currency'))),
           json_extract(l.value, '$.minor'), json_extract(l.value, '$.currency'),
           json_extract(l.value, '$.base_minor'),
           json_type(l.value, '$.minor') IS 'integer'
               AND json_type(l.value, '$.base_minor') IS 'integer',
           json_extract(l.value, '$.description')
      FROM (SELECT h.*, each.key, each.value
              FROM {HEADS} AS h CROSS JOIN json_each(h.body, '$.lines') AS each
             LIMIT -1 OFFSET 0) AS l;

    SELECT RAISE(ABORT, 'entries_whole')
     WHERE (SELECT count(*) FROM json_each(NEW.body)) NOT BETWEEN 1
           AND (SELECT count(*) FROM taken WHERE position = 0)
        OR EXISTS (SELECT 1 FROM taken
                    WHERE coalesce(lines_count, 0) NOT BETWEEN 2 AND 1000);

    SELECT RAISE(ABORT, 'lines_fit') WHERE EXISTS (
        SELECT 1 FROM taken
         WHERE NOT is_whole
            OR minor NOT BETWEEN -1000000000000000 AND 1000000000000000
            OR base_minor NOT BETWEEN -1000000000000000 AND 1000000000000000
            OR (minor = 0 AND base_minor = 0)
            OR line_id IS NULL OR currency IS NULL OR length(currency) <> 3
            OR (currency = base_currency AND minor <> base_minor));

    SELECT RAISE(ABORT, 'entries_fit') WHERE EXISTS (
        SELECT 1 FROM taken
         WHERE position = 0
           AND (base_currency IS NULL OR journal IS NULL OR description IS NULL
                OR posted_by IS NULL OR recorded_at IS NULL OR entry_id IS NULL
                OR coalesce(kind, '') NOT IN ('standard', 'opening', 'closing')
                OR date(date) IS NOT date));

    SELECT RAISE(ABORT, 'entries_fit')
     WHERE (SELECT count(DISTINCT entry_id) <> count(*) FROM taken WHERE position = 0)
        OR (SELECT count(DISTINCT line_id) <> count(*) FROM taken)
        OR EXISTS (SELECT 1 FROM taken AS t CROSS JOIN entries AS e
                       ON e.organization_id = t.organization_id AND e.id = t.entry_id
                    WHERE t.position = 0)
        OR EXISTS (SELECT 1 FROM taken AS t CROSS JOIN lines AS l
                       ON l.organization_id = t.organization_id AND l.id = t.line_id);

    SELECT RAISE(ABORT, 'entries_balance') WHERE EXISTS (
        SELECT 1 FROM (
            SELECT entry_id, currency = base_currency AS is_base, sum(minor) AS total,
                   sum(base_minor) AS base
              FROM taken GROUP BY entry_id, currency)
         GROUP BY entry_id
        HAVING sum(base) <> 0
            OR NOT (sum(total <> 0) = 0
                    OR (sum(total <> 0) = 1 AND sum(total <> 0 AND is_base) = 1 AND count(*) > 1)
                    OR (sum(total > 0) > 0 AND sum(total < 0) > 0)));

    SELECT RAISE(ABORT, 'entries_period_open')
     WHERE EXISTS (
           SELECT 1 FROM periods AS p
            WHERE p.organization_id = NEW.organization_id AND p.state = 'closed'
              AND EXISTS (SELECT 1 FROM taken WHERE date BETWEEN p.starts_on AND p.ends_on))
        OR (SELECT min(date) FROM taken) <= (
           SELECT k.locked_through FROM locks AS k
            WHERE k.organization_id = NEW.organization_id ORDER BY k.id DESC LIMIT 1);

    SELECT RAISE(ABORT, 'lines_account_open')
     WHERE EXISTS (SELECT 1 FROM taken WHERE account_id IS NULL);

    SELECT RAISE(ABORT, 'uq_entries_organization_id_source')
     WHERE EXISTS (SELECT 1 FROM taken WHERE position = 0 AND source LIKE '%/%'
                    GROUP BY source HAVING count(*) > 1)
        OR EXISTS (SELECT 1 FROM taken AS t CROSS JOIN entries AS e
                       ON e.organization_id = t.organization_id AND e.source = t.source
                      AND e.source LIKE '%/%'
                    WHERE t.position = 0);

    SELECT RAISE(ABORT, 'uq_entries_organization_id_reverses_id')
     WHERE EXISTS (SELECT 1 FROM taken WHERE position = 0 AND reverses_id IS NOT NULL
                    GROUP BY reverses_id HAVING count(*) > 1)
        OR EXISTS (SELECT 1 FROM taken AS t CROSS JOIN entries AS e
                       ON e.organization_id = t.organization_id AND e.reverses_id = t.reverses_id
                    WHERE t.position = 0);

    SELECT RAISE(ABORT, 'entries_fit') WHERE EXISTS (
        SELECT 1 FROM taken AS t
         WHERE t.position = 0 AND t.reverses_id IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM entries AS e
                WHERE e.organization_id = t.organization_id AND e.id = t.reverses_id));

    INSERT INTO entries (organization_id, id, journal, kind, date, description, reference, source,
                         tags, base_currency, reverses_id, lines_count, posted_by, recorded_at)
    SELECT organization_id, entry_id, journal, kind, date, description, reference, source,
           tags, base_currency, reverses_id, lines_count, posted_by, recorded_at
      FROM taken WHERE position = 0;

    INSERT INTO lines (organization_id, id, entry_id, position, account_id, date, minor, currency,
                       base_minor, description)
    SELECT organization_id, line_id, entry_id, position, account_id, date, minor, currency,
           base_minor, line_description
      FROM taken;

    INSERT INTO fresh (organization_id, id)
    SELECT organization_id, entry_id FROM taken AS t
     WHERE t.position = 0 AND NOT EXISTS (
           SELECT 1 FROM fresh AS f
            WHERE f.organization_id = t.organization_id AND f.id = t.entry_id);

    SELECT RAISE(ABORT, 'entries_whole')
     WHERE (SELECT count(*) FROM taken AS t CROSS JOIN lines AS l
                ON l.organization_id = t.organization_id AND l.id = t.line_id)
        <> (SELECT count(*) FROM taken);

    DELETE FROM taken;
    DELETE FROM postings;
END
"""

THROUGH_POSTINGS = """
CREATE TRIGGER {table}_by_postings BEFORE INSERT ON {table}
WHEN NOT EXISTS (SELECT 1 FROM postings WHERE organization_id = NEW.organization_id)
BEGIN SELECT RAISE(ABORT, 'entries_through_postings'); END
"""
"""The slot holds a row only while its own trigger runs."""


def raise_guards() -> None:
    """Put these guards beside those of migration 0001."""
    op.execute("DROP TRIGGER take_posting")
    op.execute(
        TAKE_POSTING.replace(
            "ON postings\n", "ON postings WHEN json_type(NEW.body) IS NOT 'array'\n", 1
        )
    )
    op.execute(TAKE_POSTINGS)
    for table in ("entries", "lines"):
        op.execute(f"DROP TRIGGER {table}_through_postings")
    for table in ("entries", "lines", "taken"):
        op.execute(THROUGH_POSTINGS.format(table=table))
