//! What the database and the clients say afterwards.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::{
    Fault, Report, UnderFault, clients::Heard, cluster::Cluster, jobs::CHAINS, load::Accepted,
};

pub(crate) fn check(
    cluster: &Cluster,
    schedule: &[(Fault, DateTime<Utc>)],
    accepted: &[Accepted],
    heard: &[Heard],
) -> Report {
    let count = |sql: &str| cluster.sql(sql).parse::<u64>().expect("a count");
    let edges: Vec<_> = CHAINS
        .iter()
        .flat_map(|(up, down)| down.iter().map(move |down| format!("('{up}', '{down}')")))
        .collect();
    // Every completed run names itself among the triggers of exactly one run of each downstream job.
    let cascades = |which: &str| {
        count(&format!(
            "WITH edges (up, down) AS (VALUES {}),
             caused AS (
                 SELECT r.job_type, (t ->> 'run_id')::uuid AS up
                 FROM worker_runs r, json_array_elements(r.payload -> 'triggers') t
             ), found AS (
                 SELECT r.id, count(caused.up) AS times
                 FROM worker_runs r JOIN edges ON edges.up = r.job_type
                 LEFT JOIN caused ON caused.up = r.id AND caused.job_type = edges.down
                 WHERE r.state = 'completed' GROUP BY r.id, edges.down
             )
             SELECT count(*) FROM found WHERE times {which}",
            edges.join(", ")
        ))
    };
    let mut lost_runs = count("SELECT count(*) FROM worker_runs WHERE state <> 'completed'");
    for request in accepted {
        let ran = match &request.run {
            Some(id) => count(&format!("SELECT count(*) FROM worker_runs WHERE id = '{id}'")),
            // It went together with others into a run that names the latest request.
            None => count(&format!(
                "SELECT count(*) FROM worker_runs
                 WHERE job_type = 'chaos_root' AND project_id = '{}'
                   AND (payload ->> 'requested_at')::timestamptz
                       >= '{}'::timestamptz - interval '1 ms'",
                request.project,
                request.at.to_rfc3339()
            )),
        };
        lost_runs += u64::from(ran == 0);
    }
    let newest = cluster.newest_event();
    let (mut lost_events, mut doubled_events) = (0, 0);
    for client in heard {
        let mut times = BTreeMap::new();
        client.events.iter().for_each(|event| *times.entry(event.id).or_insert(0_u64) += 1);
        let expected = cluster_ids(cluster, client.from, newest);
        lost_events += expected.iter().filter(|id| !times.contains_key(id)).count() as u64;
        doubled_events += times.values().map(|times| times - 1).sum::<u64>();
    }
    // Until the next one, what is seen counts as seen under the latest fault.
    let under = |at: DateTime<Utc>| {
        let begun = schedule.partition_point(|(_, began)| *began <= at);
        begun.checked_sub(1).map(|latest| schedule[latest].0)
    };
    let mut faults: BTreeMap<Fault, UnderFault> = BTreeMap::new();
    schedule.iter().for_each(|(fault, _)| faults.entry(*fault).or_default().times += 1);
    for fault in accepted.iter().filter_map(|request| under(request.at)) {
        faults.entry(fault).or_default().requests += 1;
    }
    let all = || heard.iter().flat_map(|client| &client.events);
    for event in all() {
        if let Some(fault) = under(event.at) {
            let worst = &mut faults.entry(fault).or_default().worst_event_ms;
            *worst = event.delay_ms.max(*worst);
        }
    }
    Report {
        faults,
        requests: accepted.len() as u64,
        runs: count("SELECT count(*) FROM worker_runs"),
        attempts: count("SELECT sum(attempt) FROM worker_runs"),
        lost_runs,
        lost_cascades: cascades("= 0"),
        doubled_cascades: cascades("> 1"),
        wrong_effects: count(
            "SELECT count(*) FROM worker_runs r WHERE r.state = 'completed' AND (
                 SELECT count(*) FROM chaos_effects e WHERE e.run_id = r.id::text
             ) <> 1",
        ),
        // One event for each end of a run.
        wrong_events: count(
            "SELECT abs((SELECT count(*) FROM events) - (SELECT count(*) FROM worker_runs))",
        ),
        clients: heard.len() as u64,
        reconnects: heard.iter().map(|client| u64::from(client.reconnects)).sum(),
        heard: heard.iter().map(|client| client.events.len() as u64).sum(),
        lost_events,
        doubled_events,
        resets: heard.iter().map(|client| u64::from(client.resets)).sum(),
        worst_event_ms: all().map(|event| event.delay_ms).max().unwrap_or(0),
        worst_hop_ms: count(
            "SELECT coalesce(max(extract(epoch FROM started_at
                 - (payload -> 'cascade_triggered_by' ->> 'at')::timestamptz) * 1000), 0)::bigint
             FROM worker_runs",
        ),
    }
}

/// Crash recovery may skip numbers of a sequence, so the ids are asked for.
fn cluster_ids(cluster: &Cluster, from: i64, newest: i64) -> Vec<i64> {
    let sql = format!("SELECT id FROM events WHERE id > {from} AND id <= {newest}");
    cluster.sql(&sql).lines().map(|id| id.parse().expect("id")).collect()
}
