-- Whose words masked values are made of where a source's policy does not say: a locale of faker, or NULL for English.
ALTER TABLE projects ADD COLUMN masking_locale text;
