-- What a team shares. A migration begins with `-- migration N`; it is never changed once it was released.

-- migration 1
CREATE SCHEMA tjtools;
CREATE TABLE tjtools.migrations (
    number integer PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who writes into an account holds its row: so its versions are in the order of the commits.
CREATE TABLE tjtools.accounts (
    account text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0
);
CREATE TABLE tjtools.members (
    account text NOT NULL REFERENCES tjtools.accounts,
    person name NOT NULL,
    role text NOT NULL CHECK (role IN ('buyer', 'reader')),
    PRIMARY KEY (account, person)
);

-- What happened, who did it, and from where: nobody but the owner can change a row or take it away.
CREATE TABLE tjtools.events (
    account text NOT NULL REFERENCES tjtools.accounts,
    version bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    data jsonb NOT NULL,
    by_user name NOT NULL DEFAULT session_user,
    display text NOT NULL,
    machine text NOT NULL,
    program text NOT NULL,
    noted timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, id)
);
CREATE INDEX events_since ON tjtools.events (account, version, place);
CREATE INDEX events_about ON tjtools.events (account, about);
CREATE INDEX events_content ON tjtools.events (account, (data ->> 'checksum')) WHERE kind = 'uploaded';

-- The library, as it follows from the events: the rows of each ID.
CREATE TABLE tjtools.creatives (
    account text NOT NULL REFERENCES tjtools.accounts,
    creative_id text NOT NULL,
    rows jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (account, creative_id)
);
CREATE INDEX creatives_since ON tjtools.creatives (account, version);

-- Who is about to hand over which file. One that is not settled keeps every other hand-over of it out.
CREATE TABLE tjtools.claims (
    account text NOT NULL REFERENCES tjtools.accounts,
    id text PRIMARY KEY,
    section text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    forced boolean NOT NULL,
    newest text NOT NULL,
    holder text NOT NULL,
    run text NOT NULL,
    made timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL,
    stalled boolean NOT NULL DEFAULT false,
    doubt boolean NOT NULL DEFAULT false,
    settled timestamptz,
    outcome text,
    creative_id text,
    by_user name NOT NULL DEFAULT session_user,
    display text NOT NULL,
    machine text NOT NULL
);
CREATE UNIQUE INDEX claims_name ON tjtools.claims (account, section, name) WHERE settled IS NULL;
CREATE UNIQUE INDEX claims_content ON tjtools.claims (account, section, content)
    WHERE settled IS NULL AND content <> '' AND NOT forced;

-- Each sees the accounts that they are a member of, and writes where they are a buyer.
ALTER TABLE tjtools.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE tjtools.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE tjtools.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE tjtools.creatives ENABLE ROW LEVEL SECURITY;
ALTER TABLE tjtools.claims ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tjtools.members FOR SELECT USING (person = session_user);
CREATE POLICY sees ON tjtools.accounts FOR SELECT
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user));
CREATE POLICY sees ON tjtools.events FOR SELECT
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user));
CREATE POLICY sees ON tjtools.creatives FOR SELECT
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user));
CREATE POLICY sees ON tjtools.claims FOR SELECT
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user));
CREATE POLICY counts ON tjtools.accounts FOR UPDATE
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY notes ON tjtools.events FOR INSERT
    WITH CHECK (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY adds ON tjtools.creatives FOR INSERT
    WITH CHECK (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY changes ON tjtools.creatives FOR UPDATE
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY adds ON tjtools.claims FOR INSERT
    WITH CHECK (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY changes ON tjtools.claims FOR UPDATE
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));

-- migration 2
-- What one does for all, once in a while: whose turn it is, since when, and whether it is done.
CREATE TABLE tjtools.turns (
    account text NOT NULL REFERENCES tjtools.accounts,
    what text NOT NULL,
    holder text NOT NULL,
    display text NOT NULL,
    machine text NOT NULL,
    began timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended timestamptz,
    PRIMARY KEY (account, what)
);
ALTER TABLE tjtools.turns ENABLE ROW LEVEL SECURITY;
CREATE POLICY sees ON tjtools.turns FOR SELECT
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user));
CREATE POLICY adds ON tjtools.turns FOR INSERT
    WITH CHECK (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));
CREATE POLICY changes ON tjtools.turns FOR UPDATE
    USING (account IN (SELECT account FROM tjtools.members WHERE person = session_user AND role = 'buyer'));

-- migration 3
-- Which content went up as which creative, also where nobody has told so: its holder died, and another has found it.
CREATE INDEX claims_went ON tjtools.claims (account, section, content) WHERE outcome = 'success' AND content <> '';

-- migration 4
-- What follows from events, in the transaction that tells them: a creative's rows, and what came of the claims. A file
-- that is on the site settles whoever's claim on it; one that failed, or timed out, the teller's own.
CREATE FUNCTION tjtools.follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    INSERT INTO tjtools.creatives (account, creative_id, rows, version)
        SELECT account, about, data -> 'rows', version FROM news WHERE kind = 'creative'
        ON CONFLICT (account, creative_id) DO UPDATE SET rows = excluded.rows, version = excluded.version;
    FOR one IN SELECT account, data FROM news WHERE kind = 'settled' ORDER BY place LOOP
        UPDATE tjtools.claims SET
            stalled = stalled OR one.data ->> 'status' = 'stalled',
            settled = CASE WHEN one.data ->> 'status' <> 'stalled' THEN clock_timestamp() END,
            outcome = CASE WHEN one.data ->> 'status' <> 'stalled' THEN one.data ->> 'status' END,
            creative_id = CASE WHEN one.data ->> 'status' <> 'stalled' THEN one.data ->> 'creative_id' END
        WHERE account = one.account AND section = one.data ->> 'section' AND name = one.data ->> 'name'
            AND settled IS NULL
            AND (one.data ->> 'status' IN ('success', 'duplicate') OR holder = current_setting('tjtools.holder', true));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER INSERT ON tjtools.events REFERENCING NEW TABLE AS news
    FOR EACH STATEMENT EXECUTE FUNCTION tjtools.follow();

-- The claims that keep a hand-over out.
CREATE VIEW tjtools.held WITH (security_invoker = true) AS
    SELECT *, lease_until > clock_timestamp() AS alive FROM tjtools.claims WHERE settled IS NULL;

-- What was done to each creative; a hand-over that began is an event, too.
CREATE VIEW tjtools.deeds WITH (security_invoker = true) AS
    SELECT account, kind, at, about, data, id, display, by_user, machine, program, noted FROM tjtools.events
    UNION ALL
    SELECT account, 'claimed', made, creative_id, jsonb_build_object('name', name, 'forced', forced), id,
        display, by_user, machine, '', made
    FROM tjtools.claims;

-- A creative that has this content and is on the site, by what was told of an upload, or by the claim under which one was
-- found that its holder never told of.
CREATE FUNCTION tjtools.known_as(account text, section text, creative_type text, content text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT creative_id FROM tjtools.creatives WHERE account = $1 AND rows -> 0 ->> 6 <> 'removed' AND creative_id IN (
        SELECT about FROM tjtools.events
        WHERE account = $1 AND kind = 'uploaded' AND data ->> 'checksum' = $4 AND data ->> 'creative_type' = $3
        UNION ALL
        SELECT creative_id FROM tjtools.claims
        WHERE account = $1 AND content = $4 AND content <> '' AND section = $2 AND outcome = 'success'
    ) LIMIT 1 $$;

-- Who is a buyer or a reader of any account may do this much; of which accounts, the policies say. Who noted an event, and
-- when, nobody can say for another.
CREATE FUNCTION tjtools.admit(person name, role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA tjtools TO %I', person);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA tjtools TO %I', person);
    IF role = 'buyer' THEN
        EXECUTE format('GRANT UPDATE (version) ON tjtools.accounts TO %I', person);
        EXECUTE format('GRANT INSERT (account, version, id, at, kind, about, data, display, machine, program)
            ON tjtools.events TO %I', person);
        EXECUTE format('GRANT INSERT, UPDATE (rows, version) ON tjtools.creatives TO %I', person);
        EXECUTE format('GRANT INSERT (account, id, section, name, content, forced, newest, holder, run, lease_until,
            display, machine), UPDATE (holder, run, newest, lease_until, stalled, doubt, settled, outcome, creative_id)
            ON tjtools.claims TO %I', person);
        EXECUTE format('GRANT INSERT, UPDATE ON tjtools.turns TO %I', person);
    END IF;
END $$;

-- The turn to do something for all, once in so many seconds: '', or else who has it. Who was cut off takes it again; the
-- intervals are the same for all, so nobody is put off by another's delay.
CREATE FUNCTION tjtools.take_turn(account text, holder text, display text, machine text, seconds float) RETURNS text
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO tjtools.turns AS mine (account, what, holder, display, machine) VALUES ($1, 'sync', $2, $3, $4)
        ON CONFLICT (account, what) DO UPDATE SET holder = excluded.holder, display = excluded.display,
            machine = excluded.machine, began = excluded.began, ended = NULL
        WHERE mine.began < to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $5) * $5)
            OR (mine.holder = excluded.holder AND mine.ended IS NULL);
    RETURN CASE WHEN FOUND THEN '' ELSE (
        SELECT display || ' (' || machine || ') '
            || CASE WHEN ended IS NULL THEN 'is at it since ' ELSE 'did it at ' END
            || to_char(coalesce(ended, began), 'YYYY-MM-DD HH24:MI TZ')
        FROM tjtools.turns WHERE account = $1 AND what = 'sync') END;
END $$;
