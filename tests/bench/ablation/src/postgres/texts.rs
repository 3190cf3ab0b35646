//! The statements of a variant: those of the store as they are, or with a change.

use crate::change::{Change, Shape, Variant};

macro_rules! store {
    ($file:literal) => {
        include_str!(concat!("../../../../../core/store/src/postgres/sql/", $file))
    };
}
macro_rules! own {
    ($file:literal) => {
        include_str!(concat!("../../sql/postgres/", $file))
    };
}

const COLUMNS: &str = "id, job_type, project_id, state, attempt, max_attempts, payload, available_at, \
    lease_owner, lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, \
    progress, trace_id";

/// The statements of a variant for runs of one kind. Some are empty where the variant has no use for them.
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    /// Chooses runs, and takes them if it can.
    pub claim: &'static str,
    /// Whether `claim` takes what it chooses.
    pub at_once: bool,
    /// Whether a claim is one row.
    pub claim_row: bool,
    /// Takes what was chosen.
    pub lease: &'static str,
    /// Ends runs, with their events: all of a claim if a claim is one row.
    pub end: &'static str,
    /// Whether `end` and `end_parts` take the kind of the event and the end of its text.
    pub event_rows: bool,
    /// Ends some runs of claims.
    pub end_parts: &'static str,
    /// Moves runs to claims of their own.
    pub split: &'static str,
    /// Lets runs wait again.
    pub retry: &'static str,
    /// Ends runs without events.
    pub end_alone: &'static str,
    /// Which limits there are.
    pub limits: &'static str,
    /// What runs of a queue were asked for.
    pub requests: &'static str,
    /// Lets the next run of a key go ahead.
    pub advance: &'static str,
}

impl Texts {
    /// Those of a variant in a shape.
    pub fn of(variant: &Variant, shape: Shape) -> Self {
        let queue = shape.is_queue();
        let kind = |text: &str| if queue { of_queues(text) } else { text.to_owned() };
        let has = |change| variant.has(change);
        let claim_row = has(Change::ClaimRow);
        let event_rows = !has(Change::EventBatch) && !has(Change::EventInRow);
        let at_once = !queue || has(Change::AtOnce);
        let claim = match (queue, has(Change::ShortWalk), at_once, claim_row) {
            (false, _, _, false) => [store!("choose_runs.sql"), store!("take_runs.sql")].concat(),
            (false, _, _, true) => [store!("choose_runs.sql"), own!("take_as_claim.sql")].concat(),
            (true, false, ..) => heads().to_owned(),
            (true, true, false, _) => short_walk(heads()),
            (true, true, true, false) => by_place(own!("queue_take.sql")),
            (true, true, true, true) => by_place(own!("queue_take_as_claim.sql")),
        };
        let lease = if claim_row {
            own!("lease_as_claim.sql").to_owned()
        } else {
            kind(store!("lease_runs.sql"))
        };
        // An index of those that are leased is not thought of where nothing says `running`.
        let by_id = |text: &str| {
            let found = kind(text);
            if queue && has(Change::EndById) {
                found.replace("r.state = 'running'", "r.state || '' = 'running'")
            } else {
                found
            }
        };
        let end_runs = by_id(store!("end_runs.sql"));
        let (gone, kept) = end_runs.split_once(", kept AS (").expect("end_runs.sql keeps rows");
        let tail = if has(Change::EventInRow) {
            let ended = if queue { "ended_queue_runs" } else { "ended_runs" };
            own!("event_in_row.sql").replace("{ended}", ended)
        } else {
            let events =
                if event_rows { store!("ended_events.sql") } else { own!("event_batch.sql") };
            format!(", kept AS ({kept}{events}")
        };
        let more = if queue {
            "key, rank, behind, loss_counts, beside, place, held_until, held_from, held_by"
        } else {
            "loss_counts"
        };
        let columns = format!("{COLUMNS}, {more}");
        let open = if queue { "open_queue_runs" } else { "open_runs" };
        let own = |text: &str| text.replace("{columns}", &columns).replace("{open}", open);
        let free = if queue { "" } else { own!("free_keys.sql") };
        let with_tail =
            |gone: &str, shift| format!("{}{free}{}", own(gone), tail_from(&tail, shift));
        let end = if claim_row {
            with_tail(own!("end_claim.sql"), 8)
        } else {
            format!("{gone}{}", tail_from(&tail, 9))
        };
        let leak = |text: String| -> &'static str { text.leak() };
        Self {
            claim: leak(claim),
            at_once,
            claim_row,
            lease: leak(lease),
            end: leak(end),
            event_rows,
            end_parts: leak(with_tail(own!("end_parts.sql"), 20)),
            split: leak(own(own!("split_claims.sql"))),
            retry: if claim_row {
                own!("retry_parts.sql")
            } else {
                leak(by_id(store!("requeue.sql")))
            },
            end_alone: leak(by_id(concat!(store!("end_runs.sql"), store!("ended_rows.sql")))),
            limits: include_str!("../../../../../core/store/src/portable/sql/limits.sql"),
            requests: store!("queue_requests.sql"),
            advance: store!("queue_advance.sql"),
        }
    }
}

fn heads() -> &'static str {
    concat!(store!("queue_heads.sql"), store!("queue_choose.sql"), store!("queue_found.sql"))
}

/// The last parameters of the tail, $9 to $11 in the store, from `first` on.
fn tail_from(tail: &str, first: u32) -> String {
    if first == 9 {
        return tail.to_owned();
    }
    tail.replace("$11", "$places")
        .replace("$10", "$end")
        .replace("$9", &format!("${first}"))
        .replace("$end", &format!("${}", first + 1))
        .replace("$places", &format!("${}", first + 2))
}

/// The walk ends with the first head behind the projects that it is for.
fn short_walk(heads: &str) -> String {
    let text = changed(heads, "known.known, 1 AS nth\n", "known.known, 1 AS nth, 1 AS place\n");
    let text = changed(&text, "gap.before, NULL, 1\n", "gap.before, NULL, 1, 1\n");
    let text = changed(
        &text,
        "step.nth + 1\n",
        "step.nth + 1, step.place + (n.project_id <> step.project_id)::int\n",
    );
    changed(&text, "step.nth < 2000", "step.nth < 2000 AND step.place <= $11")
}

/// Chooses rows by where they lie, and takes them in the same statement.
fn by_place(take: &str) -> String {
    short_walk(concat!(store!("queue_heads.sql"), store!("queue_choose.sql"))) + take
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the store's statement has changed: no {from:?}");
    text.replacen(from, to, 1)
}

/// As `of_kind.rs` of the store.
fn of_queues(text: &str) -> String {
    let names = [
        ("worker_runs", "queue_runs"),
        ("open_runs", "open_queue_runs"),
        ("ended_runs", "ended_queue_runs"),
        ("workers ", "queue_workers "),
    ];
    names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::VARIANTS;

    #[test]
    fn every_variant_has_its_statements() {
        for variant in &VARIANTS {
            for shape in [Shape::Keyless, Shape::Schedule] {
                let texts = Texts::of(variant, shape);
                assert!(!texts.end.contains('{') && !texts.split.contains('{'), "{}", variant.name);
            }
        }
    }
}
