-- More than one run of a key at a time, where jobs.toml says so.

-- Jobs of which jobs.toml says something about their keys.
CREATE TABLE keyed_jobs (
    job_type     text    NOT NULL PRIMARY KEY,
    -- The dotted path of the arg whose value is the key of a run that is asked for without one.
    key_from     text,
    -- Runs of one key that have begun and not ended, at most.
    runs_per_key integer NOT NULL
);

-- Of each key one run holds the place 0: it is not behind, and `key` names its key, as before. Each further one that
-- goes beside it has no `key` and holds a place from 1 on of the key that `beside` names. A version that does not know
-- these columns takes it for a run without a key, and ends and retries it as one.
ALTER TABLE queue_runs ADD COLUMN beside text;
ALTER TABLE queue_runs ADD COLUMN place smallint;
CREATE UNIQUE INDEX open_queue_runs_beside ON open_queue_runs (job_type, project_id, beside, place)
    WHERE beside IS NOT NULL;

-- The runs of a key that are not behind another, each with its place.
CREATE FUNCTION places_of_key(of_job text, of_project uuid, of_key text) RETURNS TABLE (id uuid, place integer)
LANGUAGE sql STABLE AS $$
    SELECT f.id, 0 FROM open_queue_runs f
    WHERE f.job_type = of_job AND f.project_id = of_project AND f.key = of_key
      AND f.key IS NOT NULL AND NOT f.behind
    UNION ALL
    SELECT b.id, b.place::integer FROM open_queue_runs b
    WHERE b.job_type = of_job AND b.project_id = of_project AND b.beside = of_key AND b.beside IS NOT NULL
$$;

-- Who changes which runs of a key go ahead, where several do at a time, has the turn of the key until its transaction
-- ends: a new run, an end and a change of one key follow one another, and each sees what those before it have done. Many
-- keys share a turn, so that a transaction with any number of keys locks no more rows than these. A turn is taken after
-- the transaction has locked the runs that it ends or changes; who has it locks no run that another has locked.
CREATE TABLE key_turns (
    nth integer NOT NULL PRIMARY KEY
);
INSERT INTO key_turns SELECT generate_series(0, 4095);

CREATE FUNCTION key_turn(of_job text, of_project uuid, of_key text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashtextextended(of_job || ' ' || of_project || ' ' || of_key, 0) & 4095)::integer
$$;

-- Gives the free places below `most` to the next runs of a key, in the order of queue_advance.sql of the store. One that
-- another transaction has locked is passed over: that is about to cancel or change it, and comes here after that.
CREATE FUNCTION fill_places(of_job text, of_project uuid, of_key text, most integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    next uuid;
    free integer;
BEGIN
    PERFORM FROM key_turns WHERE nth = key_turn(of_job, of_project, of_key) FOR UPDATE;
    LOOP
        -- Each statement sees what is committed by now.
        SELECT min(p) INTO free FROM generate_series(0, most - 1) p
        WHERE p NOT IN (SELECT h.place FROM places_of_key(of_job, of_project, of_key) h);
        EXIT WHEN free IS NULL;
        -- Of those whose time has come, or else of all: each is the first in the index that fits.
        SELECT b.id INTO next FROM open_queue_runs b
        WHERE b.job_type = of_job AND b.project_id = of_project AND b.key = of_key AND b.behind
          AND b.available_at <= now()
        ORDER BY b.rank, b.available_at, b.id LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF next IS NULL THEN
            SELECT b.id INTO next FROM open_queue_runs b
            WHERE b.job_type = of_job AND b.project_id = of_project AND b.key = of_key AND b.behind
            ORDER BY b.rank, b.available_at, b.id LIMIT 1 FOR UPDATE SKIP LOCKED;
        END IF;
        EXIT WHEN next IS NULL;
        BEGIN
            UPDATE open_queue_runs
            SET behind = false, key = CASE free WHEN 0 THEN of_key END,
                beside = CASE WHEN free > 0 THEN of_key END, place = nullif(free, 0)
            WHERE id = next;
        EXCEPTION WHEN unique_violation THEN
            -- A version that knows no turns has just taken the place 0.
        END;
    END LOOP;
END
$$;

-- The runs of a key that hold places, have not begun and come later than `due` go behind others; NULL: whenever they
-- come. One that another transaction has locked is being taken, cancelled or changed.
CREATE FUNCTION give_up_places(of_job text, of_project uuid, of_key text, due timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM key_turns WHERE nth = key_turn(of_job, of_project, of_key) FOR UPDATE;
    UPDATE open_queue_runs SET behind = true, key = of_key, beside = NULL, place = NULL
    WHERE id IN (
        SELECT r.id FROM open_queue_runs r
        WHERE r.id IN (SELECT h.id FROM places_of_key(of_job, of_project, of_key) h)
          AND r.state = 'available' AND r.attempt = 0 AND (due IS NULL OR r.available_at > due)
        FOR UPDATE SKIP LOCKED
    );
END
$$;

-- As before, with the key of the job's `key_from` where none is given, and as many runs of a key as `runs_per_key` says.
CREATE OR REPLACE FUNCTION cascade_enqueue(
    job text, project text, args json DEFAULT '{}', key text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT 0
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    run      uuid := cascade_uuid7();
    project_of       uuid;
    attempts integer;
    starts   timestamptz := greatest(coalesce(cascade_enqueue.run_at, now()), now());
    of_key   text := cascade_enqueue.key;
    found_at text;
    most     integer;
BEGIN
    SELECT id INTO project_of FROM projects WHERE slug = cascade_enqueue.project;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cascade_enqueue: there is no project "%"', cascade_enqueue.project
            USING ERRCODE = 'invalid_parameter_value', HINT = 'the table projects has their slugs';
    END IF;
    SELECT max_attempts INTO attempts FROM scheduled_jobs
    WHERE job_type = cascade_enqueue.job AND project_id = project_of AND enabled;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cascade_enqueue: jobs.toml has no enabled job "%" for the project "%"',
            cascade_enqueue.job, cascade_enqueue.project USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF json_typeof(cascade_enqueue.args) IS DISTINCT FROM 'object'
        OR octet_length(cascade_enqueue.args::text) > 262144 THEN
        RAISE EXCEPTION 'cascade_enqueue: args have to be an object of at most 262144 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF octet_length(of_key) NOT BETWEEN 1 AND 256 THEN
        RAISE EXCEPTION 'cascade_enqueue: a key has 1 to 256 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF cascade_enqueue.priority IS NULL OR cascade_enqueue.priority NOT BETWEEN 0 AND 9 THEN
        RAISE EXCEPTION 'cascade_enqueue: a priority is 0 to 9'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT key_from, runs_per_key INTO found_at, most FROM keyed_jobs WHERE job_type = cascade_enqueue.job;
    IF of_key IS NULL AND found_at IS NOT NULL THEN
        of_key := key_of_arg(cascade_enqueue.args #> string_to_array(found_at, '.'));
    END IF;
    INSERT INTO run_requests (run_id, job_type, project_id, key, args, priority, run_at, asked_by)
    VALUES (run, cascade_enqueue.job, project_of, of_key, cascade_enqueue.args::text,
        cascade_enqueue.priority, cascade_enqueue.run_at, 'sql ' || session_user);
    -- As queue_lock_keys.sql, queue_lock_places.sql and queue_insert.sql of the store do it.
    FOR try IN 1..20 LOOP
        IF most > 1 AND of_key IS NOT NULL THEN
            PERFORM give_up_places(cascade_enqueue.job, project_of, of_key, starts);
        ELSE
            PERFORM id FROM open_queue_runs
            WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
              AND key IS NOT NULL AND NOT behind
            FOR UPDATE;
            UPDATE open_queue_runs SET behind = true
            WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
              AND key IS NOT NULL AND NOT behind AND state = 'available' AND attempt = 0
              AND available_at > starts;
        END IF;
        INSERT INTO open_queue_runs (
            id, job_type, project_id, state, max_attempts, payload, available_at, trace_id, key, rank,
            behind
        )
        VALUES (
            run, cascade_enqueue.job, project_of, 'available', attempts,
            json_build_object(
                'requested_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'requests', 1
            ), starts, run, of_key, 9 - cascade_enqueue.priority, EXISTS (
                SELECT FROM open_queue_runs
                WHERE job_type = cascade_enqueue.job AND project_id = project_of AND key = of_key
                  AND key IS NOT NULL AND NOT behind
            )
        )
        ON CONFLICT (job_type, project_id, key) WHERE key IS NOT NULL AND NOT behind DO NOTHING;
        IF FOUND THEN
            IF most > 1 AND of_key IS NOT NULL THEN
                PERFORM fill_places(cascade_enqueue.job, project_of, of_key, most);
            END IF;
            PERFORM pg_notify('worker_signals', 'look');
            RETURN run;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'cascade_enqueue: the key is asked for by too many at once'
        USING ERRCODE = 'serialization_failure';
END
$$;

-- The key that an arg gives, as key_of_arg of the model says it: a text, a whole number, true or false; a text of more
-- than 256 bytes by its hash. Anything else gives none.
CREATE FUNCTION key_of_arg(arg json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN json_typeof(arg) = 'string' AND octet_length(arg #>> '{}') > 256
            THEN 'sha256:' || encode(sha256(convert_to(arg #>> '{}', 'UTF8')), 'hex')
        WHEN json_typeof(arg) = 'string' THEN nullif(arg #>> '{}', '')
        WHEN json_typeof(arg) = 'boolean' THEN arg #>> '{}'
        WHEN json_typeof(arg) = 'number' AND arg #>> '{}' ~ '^(0|-?[1-9][0-9]{0,17})$' THEN arg #>> '{}'
    END
$$;
DO $$
BEGIN
    EXECUTE format(
        'ALTER FUNCTION cascade_enqueue(text, text, json, text, timestamptz, integer)
         SET search_path = %I, pg_temp', current_schema()
    );
END
$$;
