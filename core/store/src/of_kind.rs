//! One text of SQL for both kinds of runs.
//!
//! The tables of [`RunKind::Queue`](cascade_model::RunKind::Queue) have the columns of those of schedules' runs, and
//! more. A statement that names none of these more is the same but for the names of tables and indexes.

use cascade_model::RunKind;

/// The statement in a file beside the caller, of the kind `$kind`.
macro_rules! of_kind {
    ($kind:expr, $($file:literal),+ $(,)?) => {{
        const OF_SCHEDULES: &str = concat!($(include_str!($file)),+);
        static OF_QUEUES: std::sync::LazyLock<&'static str> =
            std::sync::LazyLock::new(|| crate::of_kind::of_queues(OF_SCHEDULES).leak());
        match $kind {
            RunKind::Schedule => OF_SCHEDULES,
            RunKind::Queue => *OF_QUEUES,
        }
    }};
}
pub(crate) use of_kind;

/// The places of `items` that are of each kind; kinds that have none are left out.
pub(crate) fn each_kind<T>(
    items: &[T],
    kind: impl Fn(&T) -> RunKind,
) -> impl Iterator<Item = (RunKind, Vec<usize>)> {
    RunKind::ALL.into_iter().filter_map(move |wanted| {
        let places = items.iter().enumerate().filter(|(_, item)| kind(item) == wanted);
        let places: Vec<_> = places.map(|(place, _)| place).collect();
        (!places.is_empty()).then_some((wanted, places))
    })
}

/// The names of tables, and the beginnings of those of their indexes: of schedules' runs, and of queues'.
const NAMES: [(&str, &str); 5] = [
    ("worker_runs", "queue_runs"),
    ("open_runs", "open_queue_runs"),
    ("ended_runs", "ended_queue_runs"),
    ("workers ", "queue_workers "),
    ("workers_pkey", "queue_workers_pkey"),
];

/// A statement about schedules' runs, as one about queues'.
pub(crate) fn of_queues(text: &str) -> String {
    NAMES.iter().fold(text.to_owned(), |text, (schedules, queues)| text.replace(schedules, queues))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leased_run_of_a_queue_is_found_by_its_id_not_among_all_leased_ones() {
        for text in [
            include_str!("postgres/sql/end_runs.sql"),
            include_str!("postgres/sql/requeue.sql"),
            include_str!("postgres/sql/renew.sql"),
        ] {
            // What open_queue_runs_leased is limited to.
            assert!(!of_queues(text).contains("r.state = 'running'"), "{text}");
        }
    }

    #[test]
    fn names_of_tables_and_indexes_are_replaced_and_nothing_else() {
        let text = "-- plan: open_runs_pkey
            INSERT INTO workers (owner) SELECT $1; UPDATE open_runs r SET state = 'x' FROM worker_runs";
        let queues = "-- plan: open_queue_runs_pkey
            INSERT INTO queue_workers (owner) SELECT $1; UPDATE open_queue_runs r SET state = 'x' FROM queue_runs";
        assert_eq!(of_queues(text), queues);
    }
}
