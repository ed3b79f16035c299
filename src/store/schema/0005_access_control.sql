-- Access control: rules, and who their lists stand in.

-- Lists are JSON as it is answered; which rules they name is looked up in memory.
ALTER TABLE partners ADD COLUMN acls TEXT NOT NULL DEFAULT '[]';
ALTER TABLE partners ADD COLUMN parent_assigned_acls TEXT NOT NULL DEFAULT '[]';

-- With a rowid, and the entries last: a row may be 4 MiB long, and lists that are filtered and ordered by
-- the other columns do not read it.
CREATE TABLE acl_rules (
    rule_sid BLOB NOT NULL PRIMARY KEY CHECK (length(rule_sid) = 16),
    partner_sid BLOB NOT NULL REFERENCES partners (partner_sid),
    name TEXT NOT NULL,
    field TEXT NOT NULL CHECK (field IN ('calling', 'called', 'from', 'to', 'message')),
    operation TEXT NOT NULL CHECK (operation IN ('exact', 'prefix', 'regexp')),
    quantifier TEXT NOT NULL CHECK (quantifier IN ('all', 'any', 'none')),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    entries TEXT NOT NULL -- a JSON array
) STRICT;

CREATE INDEX acl_rules_partner ON acl_rules (partner_sid, rule_sid);

CREATE TABLE trunk_groups (
    trunk_group_sid BLOB NOT NULL PRIMARY KEY CHECK (length(trunk_group_sid) = 16),
    partner_sid BLOB NOT NULL REFERENCES partners (partner_sid),
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    acls TEXT NOT NULL
) STRICT;

CREATE INDEX trunk_groups_partner ON trunk_groups (partner_sid, trunk_group_sid);

CREATE TABLE trunks (
    trunk_sid BLOB NOT NULL PRIMARY KEY CHECK (length(trunk_sid) = 16),
    trunk_group_sid BLOB NOT NULL REFERENCES trunk_groups (trunk_group_sid),
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    acls TEXT NOT NULL
) STRICT;

CREATE INDEX trunks_group ON trunks (trunk_group_sid, trunk_sid);
