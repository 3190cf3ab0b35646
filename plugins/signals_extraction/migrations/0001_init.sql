CREATE TABLE signals (
    id text NOT NULL PRIMARY KEY,
    project_id text NOT NULL,
    message_id text NOT NULL,
    kind text NOT NULL,
    evidence text NOT NULL,
    span_start bigint NOT NULL,
    span_end bigint NOT NULL,
    weight double precision NOT NULL,
    confidence double precision NOT NULL,
    sent_at text NOT NULL,
    detected_at text NOT NULL,
    resolved_at text
);

CREATE INDEX signals_by_project ON signals (project_id, sent_at);
CREATE INDEX signals_by_message ON signals (message_id);

-- awaiting_answer: the message asks something, and nobody else has written in its thread since.
-- processed_at: when its signals last changed; roll-ups use it to find the days to compute anew.
CREATE TABLE signals_processed (
    message_id text NOT NULL PRIMARY KEY,
    project_id text NOT NULL,
    rules_version text NOT NULL,
    awaiting_answer boolean NOT NULL,
    processed_at text NOT NULL
);

CREATE INDEX signals_processed_by_project ON signals_processed (project_id, processed_at);
