//! Lists of runs over HTTP: filters, the tree of a cascade, trends, many at once.

use std::collections::BTreeMap;

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{
    host::{Host, repository_config},
    topology::Topology,
};

async fn count(host: &Host, query: &str) -> u64 {
    host.get(&format!("/api/jobs/runs?{query}")).await["total"].as_u64().unwrap()
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().unwrap()
}

#[tokio::test]
async fn runs_are_filtered_sorted_and_paged_on_the_server() {
    let host = Host::start();
    host.settled(21).await;
    let atlas = host.project("atlas").await;
    assert_eq!(count(&host, &format!("project_id={atlas}&trigger=cascade")).await, 6);
    assert_eq!(
        count(&host, "trigger=timer&job_type=connectors_sync_cycle,health_scoring").await,
        3
    );
    assert_eq!(count(&host, "state=completed,failed").await, 21);
    assert_eq!(count(&host, "state=failed&job_type=").await, 0);
    assert_eq!(count(&host, "to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(count(&host, "from=2020-01-01T00:00:00%2B03:00&text=SCORING").await, 3);

    let body = json!({"project_id": atlas});
    let (_, answer) = host.post("/api/jobs/kag_v2_recommendations_refresh/run", body).await;
    let id = answer["run_id"].as_str().unwrap();
    host.settled(22).await;
    let by_hand = host.get(&format!("/api/jobs/runs?trigger=manual&text={}", &id[..30])).await;
    assert_eq!(items(&by_hand)[0]["id"], id);

    let mut seen = Vec::new();
    for page in 1..=4 {
        let path = format!("/api/jobs/runs?sort=-took&per_page=6&page={page}");
        seen.extend(items(&host.get(&path).await).to_vec());
    }
    let all = host.get("/api/jobs/runs?sort=-took").await;
    assert_eq!(seen, items(&all), "pages neither repeat nor skip");

    for (query, said) in [
        ("state=done", "`done` is no run state; there is: scheduled"),
        ("sort=id", "cannot sort by `id`; there is: queued_at"),
        ("trigger=me", "there is: timer, manual, cascade"),
        ("from=yesterday", "query: "),
    ] {
        let answer = host.client.get(format!("{}/api/jobs/runs?{query}", host.url)).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        let answer: Value = answer.json().await.unwrap();
        assert!(answer["error"]["message"].as_str().unwrap().contains(said), "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_cascade_is_the_tree_of_what_one_trigger_caused() {
    let host = Host::start();
    let runs = host.settled(21).await;
    let leaf = runs.iter().find(|run| run["job_type"] == "analytics_aggregates").unwrap();
    let path = format!("/api/jobs/runs/{}/cascade", leaf["id"].as_str().unwrap());
    let tree = host.get(&path).await;
    assert_eq!(items(&tree).len(), 7);
    assert!(tree["truncated"].is_null());
    let job_of: BTreeMap<_, _> = items(&tree)
        .iter()
        .map(|item| {
            (item["run"]["id"].as_str().unwrap(), item["run"]["job_type"].as_str().unwrap())
        })
        .collect();
    assert_eq!(items(&tree)[0]["run"]["id"], tree["root"], "the root is first");
    let chains = host.get("/api/jobs/config").await["CASCADE_CHAINS"].clone();
    for item in items(&tree) {
        let job = item["run"]["job_type"].as_str().unwrap();
        assert_eq!(item["run"]["project_id"], leaf["project_id"]);
        match item["parent"].as_str() {
            None => assert_eq!(job, "connectors_sync_cycle"),
            Some(parent) => {
                let follow = chains[job_of[parent]].as_array().unwrap();
                assert!(follow.contains(&json!(job)), "{job} follows {}", job_of[parent]);
            }
        }
    }
    let trends = host.get("/api/jobs/trends").await;
    assert_eq!(items(&trends).len(), 21);
    assert!(items(&trends).iter().all(|trend| trend["runs"][0]["state"] == "completed"));
    let types = host.get("/api/jobs/types").await;
    assert_eq!(items(&types)[0]["origin"]["kind"], "compiled_in");
}

#[tokio::test]
async fn many_runs_are_cancelled_and_tried_again_each_by_itself() {
    // Without a worker what is queued stays queued.
    let mut topology = Topology::new(Redis::start(), &repository_config());
    topology.add_server();
    topology.add_server();
    let host = &topology.servers[0];
    let history = host.get("/api/jobs/config/history").await;
    assert_eq!(history["total"], 1, "two processes keep one text once");
    let project = host.project("atlas").await;
    let mut ids = Vec::new();
    for job in ["health_scoring", "analytics_aggregates"] {
        let (_, answer) =
            host.post(&format!("/api/jobs/{job}/run"), json!({"project_id": project})).await;
        ids.push(answer["run_id"].clone());
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    let asked = json!({"ids": [ids[0], ids[1], ids[0], nobody]});
    let (status, answer) = host.post("/api/jobs/runs/cancel", asked.clone()).await;
    assert_eq!((status, &answer["done"]), (200, &json!(ids)));
    assert_eq!(answer["refused"][0]["id"], nobody);
    assert_eq!(count(host, "state=cancelled").await, 2);
    let (_, answer) = host.post("/api/jobs/runs/cancel", asked.clone()).await;
    assert_eq!(answer["refused"].as_array().unwrap().len(), 3, "{answer}");
    let (_, answer) = host.post("/api/jobs/runs/retry", asked).await;
    assert_eq!(answer["done"], json!(ids));
    assert_eq!(count(host, "state=available").await, 2);
    let (status, answer) = host.post("/api/jobs/runs/retry", json!({"ids": []})).await;
    assert_eq!(status, 400);
    assert!(answer["error"]["help"].as_str().unwrap().contains("1 to 200"));
}
