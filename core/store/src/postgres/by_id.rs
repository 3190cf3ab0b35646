//! Lists of leases as `end_runs.sql` takes them.

use cascade_model::{Lease, RunKind};
use uuid::Uuid;

use crate::of_kind::each_kind;

/// The lists of each kind.
pub(super) fn lists_of_kinds<T>(
    items: &[T],
    lease: impl Fn(&T) -> &Lease,
) -> Vec<(RunKind, Vec<usize>)> {
    let kinds = each_kind(items, |item| lease(item).kind);
    let run = |place: usize| lease(&items[place]).run_id;
    kinds
        .flat_map(|(kind, places)| lists(places, run).into_iter().map(move |list| (kind, list)))
        .collect()
}

/// Those of `places` in the order of the ids of their runs, and each run once a list: a run has one place in a list. Of
/// several leases of a run at most one holds; each further one is in a list after the first.
pub(super) fn lists(
    places: impl IntoIterator<Item = usize>,
    run: impl Fn(usize) -> Uuid,
) -> Vec<Vec<usize>> {
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|&place| run(place));
    let mut lists: Vec<Vec<usize>> = Vec::new();
    for same in places.chunk_by(|&a, &b| run(a) == run(b)) {
        for (nth, &place) in same.iter().enumerate() {
            if lists.len() == nth {
                lists.push(Vec::new());
            }
            lists[nth].push(place);
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_a_run_once_in_the_order_of_ids() {
        let ids = [3, 1, 3, 2, 3, 1].map(Uuid::from_u128);
        let found = lists(0..ids.len(), |place| ids[place]);
        assert_eq!(found, [vec![1, 3, 0], vec![5, 2], vec![4]]);
        assert!(lists([], |_| Uuid::nil()).is_empty());
    }
}
