-- Whose target the visitor was sent to: program, code or deep_link. Clicks of before contract 1.3 do not say it.
ALTER TABLE clicks ADD COLUMN target_source text;
