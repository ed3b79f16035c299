-- What revocations by selector need.

-- The sequence: epochs end tokens that carry a lower number than `below`, and of those the ones issued
-- before before_s (0: all), so that a subject may have several. Then selectors, and plans, which end
-- nothing.
CREATE TABLE entries_with_selectors (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN
        ('token', 'application', 'partner', 'partner_tree', 'user', 'key', 'set', 'selector', 'plan')),
    id BLOB NOT NULL,  -- empty for a key
    kid TEXT NOT NULL, -- empty for all but a key
    end_s INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    scopes TEXT NOT NULL,      -- of a set: the names that are left
    exp_s INTEGER NOT NULL,    -- of a set: the end as it is now
    below INTEGER NOT NULL,    -- of epochs and selectors; else 0
    before_s INTEGER NOT NULL  -- likewise
) STRICT;
INSERT INTO entries_with_selectors
    SELECT number, kind, id, kid, end_s, at_ms, scopes, exp_s,
        CASE WHEN kind IN ('token', 'set') THEN 0 ELSE number END, 0 FROM entries;
DROP TABLE entries;
ALTER TABLE entries_with_selectors RENAME TO entries;
CREATE UNIQUE INDEX entries_subject ON entries (id, kind, kid, before_s);
CREATE INDEX entries_end ON entries (end_s);
CREATE INDEX entries_selectors ON entries (number) WHERE kind = 'selector';

-- Revocations by selector, plans first. What an entry of kind 'selector' is about stands here, by its
-- id, so a row stays as long as its entry.
CREATE TABLE revocations (
    revocation_sid BLOB NOT NULL PRIMARY KEY CHECK (length(revocation_sid) = 16),
    partner_sid BLOB NOT NULL, -- of who asked
    client_id BLOB NOT NULL,   -- of who asked
    of_client_id BLOB,         -- the selector; NULL and empty: any
    of_partner_sid BLOB,
    of_user_sid BLOB,
    of_kid TEXT NOT NULL,
    of_scopes TEXT NOT NULL,
    of_before_s INTEGER NOT NULL,
    of_descendants INTEGER NOT NULL CHECK (of_descendants IN (0, 1)),
    of_over_ceiling INTEGER NOT NULL CHECK (of_over_ceiling IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('planned', 'following', 'done')),
    below INTEGER NOT NULL,
    number INTEGER NOT NULL, -- of the entry; 0: planned
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    executed_ms INTEGER NOT NULL,
    done_ms INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    walked_to BLOB, -- rows up to this token_sid are marked; NULL: none
    tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revocations_planned ON revocations (expires_ms) WHERE state = 'planned';
CREATE INDEX revocations_following ON revocations (revocation_sid) WHERE state = 'following';
CREATE INDEX revocations_end ON revocations (end_s) WHERE state <> 'planned';

-- Rows that a selector has ended: by which entry, and when that was. No index: a token that is issued
-- pays for nothing here.
ALTER TABLE tokens ADD COLUMN ended_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN ended_ms INTEGER NOT NULL DEFAULT 0;
