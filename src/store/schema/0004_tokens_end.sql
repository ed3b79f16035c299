-- What revocations need where tokens.access_ttl_max_s was lowered while tokens of longer life were alive.

-- No token row ever had an exp_signed_s beyond it: epochs and selectors stay at least as long.
ALTER TABLE store ADD COLUMN tokens_end_s INTEGER NOT NULL DEFAULT 0;
UPDATE store SET tokens_end_s = (SELECT coalesce(max(exp_signed_s), 0) FROM tokens);

-- Those that are there ended when tokens of their day's policy did. An end of 0 is a selector's that was
-- taken back.
UPDATE entries SET end_s = max(end_s, (SELECT tokens_end_s FROM store))
    WHERE kind NOT IN ('token', 'set', 'plan') AND end_s > 0;
UPDATE revocations SET end_s = max(end_s, (SELECT tokens_end_s FROM store)) WHERE state <> 'planned';
