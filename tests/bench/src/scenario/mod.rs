//! The questions. Systems take turns within a round, so that a machine that changes its pace meanwhile
//! changes it for all.

mod bare;
mod cascade;
mod depth;
mod fanout;
mod horizon;
mod idle;
mod latency;
mod throughput;

use anyhow::Result;

use crate::{
    bench::Bench,
    options::Scenario,
    peers::{EMBEDDED, IN_SQL, Kind, LIMITED_QUEUE, PEERS, QUEUE},
};

pub use bare::NO_OP_P50;
pub use fanout::FANOUT;
pub use horizon::KEPT;

/// Measures one.
pub fn measure(bench: &mut Bench<'_>, scenario: Scenario) -> Result<()> {
    let servers = |kind| !matches!(kind, Kind::Sqlite(_));
    match scenario {
        Scenario::Throughput => {
            let mut subjects = bench.subjects(&[QUEUE, LIMITED_QUEUE], servers);
            subjects.extend(bench.subjects(&PEERS, servers));
            throughput::measure(bench, scenario, &subjects);
        }
        Scenario::Latency => {
            let mut subjects = bench.subjects(&[IN_SQL], servers);
            subjects.extend(bench.subjects(&PEERS, servers));
            latency::measure(bench, scenario, &subjects);
        }
        Scenario::Cascade => {
            let subjects = bench.subjects(&PEERS, servers);
            cascade::measure(bench, &subjects);
            bare::no_op(bench)?;
        }
        Scenario::Embedded => {
            let mut subjects = bench.subjects(&[EMBEDDED], |_| true);
            subjects.extend(bench.subjects(&PEERS, |kind| matches!(kind, Kind::Sqlite(_))));
            throughput::measure(bench, scenario, &subjects);
            latency::measure(bench, scenario, &subjects);
        }
        Scenario::Depth => {
            let subjects = bench.subjects(&PEERS, |kind| kind == Kind::Postgres);
            depth::measure(bench, &subjects);
        }
        Scenario::Horizon => {
            let mut subjects = bench.subjects(&[QUEUE], |_| true);
            let others = bench.subjects(&PEERS, |kind| kind == Kind::Postgres);
            subjects.extend(others.into_iter().filter(|subject| !subject.own()));
            horizon::measure(bench, &subjects);
        }
        Scenario::Idle => {
            let subjects = bench.subjects(&PEERS, servers);
            idle::measure(bench, &subjects);
        }
        Scenario::Fanout => fanout::measure(bench),
        Scenario::Bare => bare::measure(bench)?,
    }
    Ok(())
}
