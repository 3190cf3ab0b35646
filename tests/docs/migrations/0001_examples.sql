CREATE TABLE example_prices (
    project_id text             NOT NULL,
    sku        text             NOT NULL,
    price      double precision NOT NULL,
    updated_at text             NOT NULL,
    PRIMARY KEY (project_id, sku)
);

CREATE TABLE example_reports_sent (
    run_id    text NOT NULL,
    recipient text NOT NULL,
    at        text NOT NULL,
    PRIMARY KEY (run_id, recipient)
);

CREATE TABLE example_tickets (
    run_id     text   NOT NULL PRIMARY KEY,
    project_id text   NOT NULL,
    number     bigint NOT NULL,
    UNIQUE (project_id, number)
);

CREATE TABLE example_findings (
    id         text    NOT NULL PRIMARY KEY,
    project_id text    NOT NULL,
    text       text    NOT NULL,
    severity   text    NOT NULL,
    done       boolean NOT NULL
);
