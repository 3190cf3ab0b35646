-- What a provider calls a user: shown beside the name, which alone tells users apart.
ALTER TABLE users ADD COLUMN display_name TEXT;
