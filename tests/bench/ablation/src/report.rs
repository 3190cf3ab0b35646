//! Medians, and how they compare.

use std::collections::BTreeMap;

/// What one measurement has shown.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub runs_per_s: f64,
    /// Time of processors that the database took.
    pub cpu_us_per_run: f64,
    /// Bytes of the write-ahead log; 0 where there is none to be asked.
    pub bytes_per_run: f64,
}

/// The measurements of one shape and number of connections, by variant.
#[derive(Default)]
pub struct Table {
    order: Vec<&'static str>,
    rounds: BTreeMap<&'static str, Vec<Measured>>,
}

impl Table {
    pub fn add(&mut self, variant: &'static str, measured: Measured) {
        if !self.order.contains(&variant) {
            self.order.push(variant);
        }
        self.rounds.entry(variant).or_default().push(measured);
    }

    /// Prints medians, with the least and the greatest round, and what they are of the median of `base`.
    pub fn print(&self, title: &str, base: &str) {
        println!("\n{title}\n");
        println!(
            "| variant | runs/s | of {base} | CPU µs a run | {base}'s by it | bytes of log a run |"
        );
        println!("|---|---|---|---|---|---|");
        let cpu = |name: &str| spread(self.rounds[name].iter().map(|one| one.cpu_us_per_run)).1;
        let speed = |name: &str| spread(self.rounds[name].iter().map(|one| one.runs_per_s));
        for name in &self.order {
            let rounds = &self.rounds[name];
            let (least, median, most) = speed(name);
            let (_, bytes, _) = spread(rounds.iter().map(|one| one.bytes_per_run));
            println!(
                "| {name} | {median:.0} ({least:.0}..{most:.0}) | {:.2} | {:.1} | {:.2} | {bytes:.0} |",
                median / speed(base).1,
                cpu(name),
                cpu(base) / cpu(name)
            );
        }
    }
}

fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    };
    (values[0], median, values[values.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_between_the_least_and_the_greatest() {
        assert_eq!(spread([3.0, 1.0, 2.0].into_iter()), (1.0, 2.0, 3.0));
        assert_eq!(spread([4.0, 1.0].into_iter()), (1.0, 2.5, 4.0));
    }
}
