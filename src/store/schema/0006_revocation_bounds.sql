-- What one partner may have in force is counted, and a revocation by over_ceiling knows by which scope tables
-- it is decided.

ALTER TABLE revocations ADD COLUMN by_tables BLOB; -- their fingerprint; NULL: all that is not over_ceiling

CREATE INDEX revocations_asked ON revocations (partner_sid, end_s) WHERE state <> 'planned';
CREATE INDEX revocations_ceilings ON revocations (partner_sid, done_ms, executed_ms)
    WHERE state <> 'planned' AND of_over_ceiling = 1;
