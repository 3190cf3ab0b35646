-- Tells this database from others that share a Redis: its id is part of the channel's name.
CREATE TABLE installation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       TEXT NOT NULL
);
INSERT INTO installation (only_row, id) VALUES (1, lower(hex(randomblob(8))));
