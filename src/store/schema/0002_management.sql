-- What managing tokens, partners and applications needs.

-- Lists are one partner's, in the order of one column or filtered by it. Each index ends with the
-- primary key, so tokens_partner is the order by token_sid. Each costs every token that is issued:
-- no index for what no list asks. tokens_exp is the clean-up's too.
ALTER TABLE tokens ADD COLUMN last_accessed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN last_accessed_ip TEXT NOT NULL DEFAULT '';
-- What the newest JWT was signed with.
ALTER TABLE tokens ADD COLUMN newest_exp_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN newest_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN newest_kid TEXT NOT NULL DEFAULT '';
UPDATE tokens SET newest_exp_s = exp_signed_s;
CREATE INDEX tokens_partner ON tokens (partner_sid);
CREATE INDEX tokens_client ON tokens (partner_sid, client_id);
CREATE INDEX tokens_name ON tokens (partner_sid, name);
CREATE INDEX tokens_created ON tokens (partner_sid, created_ms);
CREATE INDEX tokens_exp ON tokens (partner_sid, exp_s);
CREATE INDEX tokens_accessed ON tokens (partner_sid, last_accessed_ms);

ALTER TABLE applications ADD COLUMN jwks TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN auth_audience TEXT NOT NULL DEFAULT 'issuer'
    CHECK (auth_audience IN ('issuer', 'token_endpoint'));
ALTER TABLE applications ADD COLUMN refresh_token_ttl_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE application_secrets ADD COLUMN last_used_ms INTEGER NOT NULL DEFAULT 0;

-- The sequence also carries what a token's scopes and end were changed to (kind 'set').
CREATE TABLE entries_with_sets (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN
        ('token', 'application', 'partner', 'partner_tree', 'user', 'key', 'set')),
    id BLOB NOT NULL,  -- empty for a key
    kid TEXT NOT NULL, -- empty for all but a key
    end_s INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    scopes TEXT NOT NULL,  -- of a set: the names that are left
    exp_s INTEGER NOT NULL -- of a set: the end as it is now
) STRICT;
INSERT INTO entries_with_sets SELECT number, kind, id, kid, end_s, at_ms, '', 0 FROM entries;
DROP TABLE entries;
ALTER TABLE entries_with_sets RENAME TO entries;
CREATE UNIQUE INDEX entries_subject ON entries (id, kind, kid);
CREATE INDEX entries_end ON entries (end_s);

-- The audit log, one chain: what digest is of is said in store/audit.h.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    prev BLOB NOT NULL CHECK (length(prev) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    record TEXT NOT NULL
) STRICT;

-- The last record that was pruned: where the chain that is left begins. At most one row.
CREATE TABLE audit_checkpoint (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- Client assertions (RFC 7523) that were used: each once.
CREATE TABLE assertions (
    client_id BLOB NOT NULL CHECK (length(client_id) = 16),
    digest BLOB NOT NULL CHECK (length(digest) = 32), -- SHA-256 of its jti
    expires_s INTEGER NOT NULL,
    PRIMARY KEY (client_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_expires ON assertions (expires_s);
