-- Removes what counts no more under rates.
-- ?1 [[name, runs, milliseconds of the period], ...]
-- plan: sqlite_autoindex_shared_limit_begins_1
DELETE FROM shared_limit_begins
WHERE (name, piece_ms) IN (
    SELECT o.name, o.piece_ms
    FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) AS ms) clock
    CROSS JOIN json_each(?1) b JOIN shared_limit_begins o ON o.name = b.value ->> 0
    WHERE o.last_ms <= clock.ms - (b.value ->> 2) OR o.last_ms > clock.ms + 60000
)
