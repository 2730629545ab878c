"""What the database itself refuses, on each engine. Part of migration 0001: never edited later.

An entry must have two lines or more, whole amounts, a zero sum in the base
currency and in each currency (unless money is exchanged: then some currency
goes out and another comes in, or the base currency alone carries the
difference), open accounts, and a date whose period is open. Nothing is added
to an entry later.

A breach names its guard as a constraint, so it arrives as the problem that
`ledger/errors.py` declares for it.

PostgreSQL checks at the end of the transaction what can only be known then. Its
functions keep to indexes: their plans may have been made while the tables were
empty, and would read them whole for ever after (OFFSET 0 keeps the order of a join).
SQLite has no such triggers: there entries and lines can be written only by
the trigger of the slot `postings`, which sees the whole entry at once and
checks all of it before it writes any, because a statement such as INSERT OR
FAIL keeps what a trigger wrote before it failed. CROSS JOIN there says that
the legs come first: left to choose, SQLite reads every line of the books for
each entry.
"""

from alembic import op

from nexafi.kernel.data.postgres import APP

POSTGRES = """
CREATE FUNCTION breach(guard text, message text, facts jsonb) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = guard, MESSAGE = message, DETAIL = facts::text;
END $$;

CREATE FUNCTION check_entry() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS
$$
DECLARE
    found record;
BEGIN
    SELECT coalesce(sum(n), 0) AS n, coalesce(sum(base), 0) AS base, count(*) AS currencies,
           count(*) FILTER (WHERE total <> 0) AS off,
           count(*) FILTER (WHERE total > 0) AS off_in,
           count(*) FILTER (WHERE total < 0) AS off_out,
           coalesce(bool_or(total <> 0 AND currency = NEW.base_currency), false) AS off_base
      INTO found
      FROM (SELECT currency, count(*) AS n, sum(base_minor) AS base, sum(minor) AS total
              FROM lines
             WHERE organization_id = NEW.organization_id AND entry_id = NEW.id
             GROUP BY currency) AS by_currency;
    IF found.n <> NEW.lines_count OR found.n < 2 THEN
        PERFORM breach('entries_whole', 'An entry has all of its lines, two or more.', '{}');
    END IF;
    IF found.base <> 0 OR NOT (
        found.off = 0
        OR (found.off = 1 AND found.off_base AND found.currencies > 1)
        OR (found.off_in > 0 AND found.off_out > 0)
    ) THEN
        PERFORM breach('entries_balance', 'Debits and credits differ.', '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry();

CREATE FUNCTION check_lines() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS
$$ BEGIN
    IF EXISTS (
        SELECT FROM added AS l
         CROSS JOIN LATERAL (
               SELECT * FROM entries AS e
                WHERE e.organization_id = l.organization_id AND e.id = l.entry_id OFFSET 0) AS e
         WHERE l.position < 0 OR l.position >= e.lines_count OR l.date <> e.date
            OR (l.currency = e.base_currency AND l.minor <> l.base_minor)
    ) THEN
        PERFORM breach('lines_fit', 'A line does not fit its entry.', '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lines_fit AFTER INSERT ON lines
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_lines();

CREATE FUNCTION check_period() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS
$$ BEGIN
    IF EXISTS (
        SELECT FROM added AS e
          JOIN periods AS p ON p.organization_id = e.organization_id AND p.state = 'closed'
           AND e.date BETWEEN p.starts_on AND p.ends_on
    ) OR EXISTS (
        SELECT FROM added AS e
         CROSS JOIN LATERAL (
               SELECT k.locked_through FROM locks AS k
                WHERE k.organization_id = e.organization_id ORDER BY k.id DESC LIMIT 1) AS k
         WHERE e.date <= k.locked_through
    ) THEN
        PERFORM breach('entries_period_open', 'The books are closed for this date.', '{}');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER period_open AFTER INSERT ON entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_period();

CREATE FUNCTION post_entries(organization uuid, given jsonb, into_soft boolean)
RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off AS
$$
DECLARE
    asked bigint;
    kept bigint;
    faults jsonb;
BEGIN
    -- whoever closes a period waits for those who post, and they for the one who closes
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(organization::text, 5002));

    IF NOT into_soft AND EXISTS (
        SELECT FROM jsonb_to_recordset(given) AS e(date date)
          JOIN periods AS p ON p.organization_id = organization AND p.state = 'soft'
           AND e.date BETWEEN p.starts_on AND p.ends_on
    ) THEN
        PERFORM breach('entries_period_open', 'The books are softly closed for this date.', '{}');
    END IF;

    INSERT INTO entries (organization_id, id, journal, kind, date, description, reference, source,
                         tags, base_currency, reverses_id, lines_count, posted_by, recorded_at)
    SELECT organization, e.id, e.journal, e.kind, e.date, e.description, e.reference, e.source,
           NULLIF(e.tags, 'null'), e.base_currency, e.reverses_id, jsonb_array_length(e.lines),
           e.posted_by, e.recorded_at
      FROM jsonb_to_recordset(given) AS e(
           id uuid, journal text, kind text, date date, description text, reference text,
           source text, tags jsonb, base_currency text, reverses_id uuid, posted_by text,
           recorded_at timestamptz, lines jsonb);

    INSERT INTO lines (organization_id, id, entry_id, position, account_id, date, minor, currency,
                       base_minor, description)
    SELECT organization, l.id, e.id, l.n - 1, a.id, e.date, l.minor, l.currency, l.base_minor,
           l.description
      FROM jsonb_to_recordset(given) AS e(id uuid, date date, lines jsonb)
     CROSS JOIN LATERAL ROWS FROM (
           jsonb_to_recordset(e.lines) AS (
               id uuid, account text, minor bigint, currency text, base_minor bigint,
               description text)
           ) WITH ORDINALITY AS l(id, account, minor, currency, base_minor, description, n)
     CROSS JOIN LATERAL (
           SELECT a.id FROM accounts AS a
            WHERE a.organization_id = organization AND a.code = l.account
              AND a.is_open AND (a.currency IS NULL OR a.currency = l.currency) OFFSET 0) AS a;
    GET DIAGNOSTICS kept = ROW_COUNT;

    SELECT sum(jsonb_array_length(e.lines)) INTO asked
      FROM jsonb_to_recordset(given) AS e(lines jsonb);
    IF kept <> asked THEN
        SELECT jsonb_agg(DISTINCT l.account) INTO faults
          FROM jsonb_to_recordset(given) AS e(lines jsonb)
         CROSS JOIN LATERAL jsonb_to_recordset(e.lines) AS l(account text, currency text)
         WHERE NOT EXISTS (
               SELECT FROM accounts AS a
                WHERE a.organization_id = organization AND a.code = l.account AND a.is_open
                  AND (a.currency IS NULL OR a.currency = l.currency));
        PERFORM breach('lines_account_open',
            'Some accounts are unknown, closed or of another currency.',
            jsonb_build_object('accounts', faults));
    END IF;

    INSERT INTO fresh (organization_id, id)
    SELECT organization, e.id FROM jsonb_to_recordset(given) AS e(id uuid);
END $$;

CREATE FUNCTION take_posting() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM post_entries(
        NEW.organization_id,
        jsonb_build_array(NEW.body::jsonb || jsonb_build_object('id', NEW.id)), false);
    RETURN NULL;  -- the slot stays empty
END $$;
CREATE TRIGGER take_posting BEFORE INSERT ON postings
    FOR EACH ROW EXECUTE FUNCTION take_posting();
"""

LEGS = """(
    SELECT l.key AS position, json_extract(l.value, '$.id') AS id,
           json_extract(l.value, '$.account') AS account,
           json_extract(l.value, '$.minor') AS minor, json_type(l.value, '$.minor') AS minor_type,
           json_extract(l.value, '$.currency') AS currency,
           json_extract(l.value, '$.base_minor') AS base_minor,
           json_type(l.value, '$.base_minor') AS base_minor_type,
           json_extract(l.value, '$.description') AS description
      FROM json_each(NEW.body, '$.lines') AS l
)"""

TAKE_POSTING = f"""
CREATE TRIGGER take_posting AFTER INSERT ON postings
BEGIN
    SELECT RAISE(ABORT, 'entries_whole')
     WHERE coalesce(json_array_length(NEW.body, '$.lines'), 0) NOT BETWEEN 2 AND 1000;

    SELECT RAISE(ABORT, 'lines_fit') WHERE EXISTS (
        SELECT 1 FROM {LEGS}
         WHERE minor_type IS NOT 'integer' OR base_minor_type IS NOT 'integer'
            OR minor NOT BETWEEN -1000000000000000 AND 1000000000000000
            OR base_minor NOT BETWEEN -1000000000000000 AND 1000000000000000
            OR (minor = 0 AND base_minor = 0)
            OR currency IS NULL OR id IS NULL OR length(currency) <> 3
            OR (currency = json_extract(NEW.body, '$.base_currency') AND minor <> base_minor));

    SELECT RAISE(ABORT, 'entries_fit')
     WHERE json_extract(NEW.body, '$.base_currency') IS NULL
        OR json_extract(NEW.body, '$.journal') IS NULL
        OR json_extract(NEW.body, '$.description') IS NULL
        OR json_extract(NEW.body, '$.posted_by') IS NULL
        OR json_extract(NEW.body, '$.recorded_at') IS NULL
        OR coalesce(json_extract(NEW.body, '$.kind'), '')
           NOT IN ('standard', 'opening', 'closing')
        OR date(json_extract(NEW.body, '$.date')) IS NOT json_extract(NEW.body, '$.date')
        OR NEW.organization_id IS NULL OR NEW.id IS NULL;

    SELECT RAISE(ABORT, 'entries_balance')
     WHERE (SELECT sum(base_minor) FROM {LEGS}) <> 0
        OR EXISTS (
           SELECT 1 FROM (
               SELECT count(*) AS currencies, sum(total <> 0) AS off, sum(total > 0) AS off_in,
                      sum(total < 0) AS off_out,
                      sum(total <> 0 AND currency = json_extract(NEW.body, '$.base_currency'))
                          AS off_base
                 FROM (SELECT currency, sum(minor) AS total FROM {LEGS} GROUP BY currency))
            WHERE NOT (off = 0 OR (off = 1 AND off_base = 1 AND currencies > 1)
                       OR (off_in > 0 AND off_out > 0)));

    SELECT RAISE(ABORT, 'entries_period_open')
     WHERE EXISTS (
           SELECT 1 FROM periods AS p
            WHERE p.organization_id = NEW.organization_id AND p.state = 'closed'
              AND json_extract(NEW.body, '$.date') BETWEEN p.starts_on AND p.ends_on)
        OR json_extract(NEW.body, '$.date') <= (
           SELECT k.locked_through FROM locks AS k
            WHERE k.organization_id = NEW.organization_id ORDER BY k.id DESC LIMIT 1);

    SELECT RAISE(ABORT, 'lines_account_open') WHERE EXISTS (
        SELECT 1 FROM {LEGS} AS l WHERE NOT EXISTS (
            SELECT 1 FROM accounts AS a
             WHERE a.organization_id = NEW.organization_id AND a.code = l.account AND a.is_open
               AND (a.currency IS NULL OR a.currency = l.currency)));

    SELECT RAISE(ABORT, 'uq_entries_organization_id_source') WHERE EXISTS (
        SELECT 1 FROM entries AS e
         WHERE e.organization_id = NEW.organization_id
           AND e.source = json_extract(NEW.body, '$.source') AND e.source LIKE '%/%');

    SELECT RAISE(ABORT, 'uq_entries_organization_id_reverses_id') WHERE EXISTS (
        SELECT 1 FROM entries AS e
         WHERE e.organization_id = NEW.organization_id
           AND e.reverses_id = json_extract(NEW.body, '$.reverses_id'));

    SELECT RAISE(ABORT, 'entries_fit')
     WHERE (json_extract(NEW.body, '$.reverses_id') IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM entries AS e WHERE e.organization_id = NEW.organization_id
              AND e.id = json_extract(NEW.body, '$.reverses_id')))
        OR EXISTS (SELECT 1 FROM entries AS e
                    WHERE e.organization_id = NEW.organization_id AND e.id = NEW.id)
        OR EXISTS (SELECT 1 FROM {LEGS} AS l CROSS JOIN lines AS had
                       ON had.organization_id = NEW.organization_id AND had.id = l.id)
        OR (SELECT count(DISTINCT id) <> count(*) FROM {LEGS});

    INSERT INTO entries (organization_id, id, journal, kind, date, description, reference, source,
                         tags, base_currency, reverses_id, lines_count, posted_by, recorded_at)
    VALUES (NEW.organization_id, NEW.id, json_extract(NEW.body, '$.journal'),
            json_extract(NEW.body, '$.kind'), json_extract(NEW.body, '$.date'),
            json_extract(NEW.body, '$.description'), json_extract(NEW.body, '$.reference'),
            json_extract(NEW.body, '$.source'), json_extract(NEW.body, '$.tags'),
            json_extract(NEW.body, '$.base_currency'), json_extract(NEW.body, '$.reverses_id'),
            json_array_length(NEW.body, '$.lines'), json_extract(NEW.body, '$.posted_by'),
            json_extract(NEW.body, '$.recorded_at'));

    INSERT INTO lines (organization_id, id, entry_id, position, account_id, date, minor, currency,
                       base_minor, description)
    SELECT NEW.organization_id, l.id, NEW.id, l.position, a.id, json_extract(NEW.body, '$.date'),
           l.minor, l.currency, l.base_minor, l.description
      FROM {LEGS} AS l
      CROSS JOIN accounts AS a ON a.organization_id = NEW.organization_id AND a.code = l.account;

    INSERT INTO fresh (organization_id, id) VALUES (NEW.organization_id, NEW.id);

    SELECT RAISE(ABORT, 'entries_whole')
     WHERE (SELECT count(*) FROM lines
             WHERE organization_id = NEW.organization_id AND entry_id = NEW.id)
        <> json_array_length(NEW.body, '$.lines');

    DELETE FROM postings WHERE organization_id = NEW.organization_id AND id = NEW.id;
END
"""

THROUGH_POSTINGS = """
CREATE TRIGGER {table}_through_postings BEFORE INSERT ON {table}
WHEN NOT EXISTS (SELECT 1 FROM postings
                  WHERE organization_id = NEW.organization_id AND id = NEW.{key})
BEGIN SELECT RAISE(ABORT, 'entries_through_postings'); END
"""


def raise_guards(dialect: str) -> None:
    """Put the guards of *dialect* in their places."""
    if dialect == "postgresql":
        op.execute(POSTGRES)
        op.execute(
            "GRANT EXECUTE ON FUNCTION post_entries(uuid, jsonb, boolean),"
            " breach(text, text, jsonb), check_entry(), check_lines(), check_period(),"
            f" take_posting() TO {APP}"
        )
        return
    op.execute(TAKE_POSTING)
    for table, key in (("entries", "id"), ("lines", "entry_id")):
        op.execute(THROUGH_POSTINGS.format(table=table, key=key))
