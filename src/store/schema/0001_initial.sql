-- Ids are UUIDs of version 7 as 16 bytes: they rise with time, so rows go in at the end of the tree.
-- Lists of names are one text with single spaces between. Times are milliseconds since 1970 (_ms) or
-- seconds (_s).

-- The store itself: one row.
CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    feed_id BLOB NOT NULL CHECK (length(feed_id) = 16),
    last_number INTEGER NOT NULL, -- of the sequence: entries that were pruned counted
    last_wall_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE partners (
    partner_sid BLOB NOT NULL PRIMARY KEY CHECK (length(partner_sid) = 16),
    parent_sid BLOB REFERENCES partners (partner_sid), -- NULL: the root
    name TEXT NOT NULL,
    login TEXT UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('unverified', 'active', 'suspended', 'canceled')),
    scopes_all INTEGER NOT NULL CHECK (scopes_all IN (0, 1)),
    available_scopes TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX partners_parent ON partners (parent_sid);
CREATE UNIQUE INDEX partners_root ON partners (parent_sid IS NULL) WHERE parent_sid IS NULL;

CREATE TABLE applications (
    client_id BLOB NOT NULL PRIMARY KEY CHECK (length(client_id) = 16),
    partner_sid BLOB NOT NULL REFERENCES partners (partner_sid),
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('confidential', 'public')),
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    auth_method TEXT NOT NULL CHECK (auth_method IN
        ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
    grant_types TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes_all INTEGER NOT NULL CHECK (scopes_all IN (0, 1)),
    scopes TEXT NOT NULL,
    approved_restricted TEXT NOT NULL,
    audiences TEXT NOT NULL,
    introspection INTEGER NOT NULL CHECK (introspection IN (0, 1)),
    access_token_ttl_s INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX applications_partner ON applications (partner_sid);

-- Digests only: the secrets themselves are nowhere (P5).
CREATE TABLE application_secrets (
    secret_id BLOB NOT NULL PRIMARY KEY CHECK (length(secret_id) = 16),
    client_id BLOB NOT NULL REFERENCES applications (client_id),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX application_secrets_client ON application_secrets (client_id);

-- The table that grows with every token issued. It has no foreign keys (who it names was looked up in
-- memory a moment ago, and is never deleted), and few indexes: each costs every token.
CREATE TABLE tokens (
    token_sid BLOB NOT NULL PRIMARY KEY CHECK (length(token_sid) = 16),
    client_id BLOB NOT NULL,
    partner_sid BLOB NOT NULL,
    user_sid BLOB, -- NULL: no user behind it
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    audiences TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    exp_s INTEGER NOT NULL,
    exp_signed_s INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The sequence: one row per thing revoked, the newest where there were several.
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN
        ('token', 'application', 'partner', 'partner_tree', 'user', 'key')),
    id BLOB NOT NULL,  -- empty for a key
    kid TEXT NOT NULL, -- empty for all but a key
    end_s INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_subject ON entries (id, kind, kid);
CREATE INDEX entries_end ON entries (end_s);
