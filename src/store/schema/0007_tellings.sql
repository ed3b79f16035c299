-- Transactions that told of something, counted by the last of them: whoever reads the number knows which of
-- them the rows beside it are of.
ALTER TABLE store ADD COLUMN tellings INTEGER NOT NULL DEFAULT 0;
