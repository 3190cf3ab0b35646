//! What a process has counted of each minute, and the parts in which it is stored.

use std::collections::BTreeMap;

use cascade_model::{MOST_CELLS, StatKey, StatPart, Tally};
use chrono::{DateTime, Utc};

/// How much of what.
type Cells = BTreeMap<StatKey, Tally>;

/// A minute of a job.
type JobMinute = (DateTime<Utc>, String);

/// What was counted of a job within a minute.
#[derive(Debug, Default)]
struct Counted {
    /// In no part yet, or in parts of a write whose end is not known: the next write uses their numbers again.
    fresh: Cells,
    /// In all parts together.
    stored: Cells,
    /// How many parts there are: the number of the next.
    parts: usize,
}

impl Counted {
    /// Whether fewer parts would do.
    fn is_scattered(&self) -> bool {
        self.stored.len().div_ceil(MOST_CELLS) < self.parts
    }
}

/// The current minute, and those before of which something is left to write.
#[derive(Debug, Default)]
pub(super) struct Minutes(BTreeMap<JobMinute, Counted>);

impl Minutes {
    /// Adds what was counted.
    pub fn add(
        &mut self,
        minute: DateTime<Utc>,
        job_type: String,
        counted: impl IntoIterator<Item = (StatKey, Tally)>,
    ) {
        add(&mut self.0.entry((minute, job_type)).or_default().fresh, counted);
    }

    /// Whether something is in no part.
    pub fn has_fresh(&self) -> bool {
        self.0.values().any(|counted| !counted.fresh.is_empty())
    }

    /// Whether fewer parts would do in some minute.
    pub fn is_scattered(&self) -> bool {
        self.0.values().any(Counted::is_scattered)
    }

    /// Parts with all that is in none.
    pub fn fresh(&self) -> Vec<StatPart> {
        let fresh = self.0.iter().flat_map(|(of, one)| parts(of, &one.fresh, one.parts));
        fresh.collect()
    }

    /// The parts of [`Self::fresh`] are written.
    pub fn stored(&mut self) {
        for counted in self.0.values_mut() {
            let fresh = std::mem::take(&mut counted.fresh);
            counted.parts += fresh.len().div_ceil(MOST_CELLS);
            add(&mut counted.stored, fresh);
        }
    }

    /// Parts that are to take the place of those of minutes before `minute`, of so many jobs as have about
    /// [`MOST_CELLS`] cells; of none in the end.
    pub fn replacements(&mut self, minute: DateTime<Utc>) -> Vec<StatPart> {
        self.0.retain(|of, one| of.0 >= minute || !one.fresh.is_empty() || one.is_scattered());
        let mut cells = 0;
        let over = self.0.iter().filter(|(of, one)| of.0 < minute && one.fresh.is_empty());
        let over = over.take_while(|(_, one)| {
            let first = cells == 0;
            cells += one.stored.len();
            first || cells <= MOST_CELLS
        });
        over.flat_map(|(of, one)| parts(of, &one.stored, 0)).collect()
    }

    /// These parts have taken their place: nothing is left to write of their minutes.
    pub fn replaced(&mut self, parts: Vec<StatPart>) {
        for StatPart { minute, job_type, .. } in parts {
            self.0.remove(&(minute, job_type));
        }
    }
}

fn add(to: &mut Cells, cells: impl IntoIterator<Item = (StatKey, Tally)>) {
    for (key, tally) in cells {
        to.entry(key).or_default().add(tally);
    }
}

/// Parts with these cells, in their order, numbered from `first` on.
fn parts(of: &JobMinute, cells: &Cells, first: usize) -> Vec<StatPart> {
    let cells: Vec<_> = cells.iter().map(|(key, tally)| (*key, *tally)).collect();
    let part = |(part, cells): (usize, &[(StatKey, Tally)])| StatPart {
        minute: of.0,
        job_type: of.1.clone(),
        part: u32::try_from(part).unwrap_or(u32::MAX),
        cells: cells.to_vec(),
    };
    (first..).zip(cells.chunks(MOST_CELLS)).map(part).collect()
}

#[cfg(test)]
mod tests {
    use cascade_model::StatKind;
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
    }

    /// A run of each of so many projects.
    fn cells(projects: usize) -> Cells {
        let key = |n: usize| StatKey {
            project_id: Uuid::from_u128(n as u128),
            kind: StatKind::Completed,
            bucket: 0,
        };
        (0..projects).map(|n| (key(n), Tally { runs: 1, micros: 10 })).collect()
    }

    /// Minute, number, cells and runs of each.
    fn shape(parts: &[StatPart]) -> Vec<(DateTime<Utc>, u32, usize, u64)> {
        let runs = |part: &StatPart| part.cells.iter().map(|(_, tally)| tally.runs).sum();
        parts.iter().map(|part| (part.minute, part.part, part.cells.len(), runs(part))).collect()
    }

    fn write(minutes: &mut Minutes) -> Vec<(DateTime<Utc>, u32, usize, u64)> {
        let parts = minutes.fresh();
        minutes.stored();
        shape(&parts)
    }

    #[test]
    fn a_part_has_what_was_counted_since_the_one_before() {
        let mut minutes = Minutes::default();
        for part in 0..3 {
            assert!(!minutes.has_fresh());
            minutes.add(minute(0), "a".into(), cells(2));
            minutes.add(minute(0), "a".into(), cells(1));
            assert!(minutes.has_fresh());
            assert_eq!(write(&mut minutes), [(minute(0), part, 2, 3)]);
        }
        assert_eq!(write(&mut minutes), []);
    }

    #[test]
    fn what_may_not_be_stored_is_written_again_under_the_same_number_with_what_came_since() {
        let mut minutes = Minutes::default();
        minutes.add(minute(0), "a".into(), cells(1));
        write(&mut minutes);
        minutes.add(minute(0), "a".into(), cells(1));
        assert_eq!(shape(&minutes.fresh()), [(minute(0), 1, 1, 1)]);
        minutes.add(minute(0), "a".into(), cells(2));
        minutes.add(minute(1), "a".into(), cells(1));
        assert_eq!(minutes.replacements(minute(1)), [], "it is to be written first");
        assert_eq!(write(&mut minutes), [(minute(0), 1, 2, 3), (minute(1), 0, 1, 1)]);
        assert_eq!(shape(&minutes.replacements(minute(1))), [(minute(0), 0, 2, 4)]);
    }

    #[test]
    fn a_minute_that_is_over_becomes_one_part_unless_it_is_one() {
        let mut minutes = Minutes::default();
        for job in ["once", "often", "often", "often"] {
            minutes.add(minute(0), job.into(), cells(2));
            write(&mut minutes);
        }
        assert!(minutes.is_scattered());
        assert_eq!(minutes.replacements(minute(0)), [], "it is not over");
        for _ in 0..2 {
            let parts = minutes.replacements(minute(1));
            assert_eq!(
                shape(&parts),
                [(minute(0), 0, 2, 6)],
                "as long as it is not known to be done"
            );
            assert_eq!(parts[0].job_type, "often");
        }
        let parts = minutes.replacements(minute(1));
        minutes.replaced(parts);
        assert_eq!(minutes.replacements(minute(1)), []);
        assert!(minutes.0.is_empty(), "nothing is kept of it");
    }

    #[test]
    fn many_cells_are_several_parts_and_several_pages() {
        let mut minutes = Minutes::default();
        let most = MOST_CELLS;
        minutes.add(minute(0), "a".into(), cells(most + 1));
        assert_eq!(write(&mut minutes), [(minute(0), 0, most, most as u64), (minute(0), 1, 1, 1)]);
        assert!(!minutes.is_scattered(), "fewer would not do");
        minutes.add(minute(0), "a".into(), cells(1));
        minutes.add(minute(0), "b".into(), cells(1));
        write(&mut minutes);
        minutes.add(minute(0), "b".into(), cells(1));
        write(&mut minutes);
        let parts = minutes.replacements(minute(1));
        let runs = most as u64 + 1;
        assert_eq!(shape(&parts), [(minute(0), 0, most, runs), (minute(0), 1, 1, 1)]);
        minutes.replaced(parts);
        assert_eq!(shape(&minutes.replacements(minute(1))), [(minute(0), 0, 1, 2)]);
    }
}
