-- Tells this database from others that share a Redis: its id is part of the channel's name.
CREATE TABLE installation (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    id       text NOT NULL
);
INSERT INTO installation (only_row, id)
VALUES (1, left(replace(gen_random_uuid()::text, '-', ''), 16));
