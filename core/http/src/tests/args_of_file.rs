//! Runs without args of a job that needs some, which could only fail.

use cascade_access::Secret;
use serde_json::{Value, json};

use super::Bench;
use crate::middleware::auth::SignIn;

const NEEDS: &str = "
[jobs.needs.executable]
command = [\"true\"]
[jobs.needs.executable.args_schema]
type = \"object\"
required = [\"level\"]
";

async fn bench(projects: usize, more: &str) -> (Bench, Secret) {
    let bench = Bench::with_more(projects, SignIn::Required, more).await;
    let admin = bench.admin().await;
    (bench, admin)
}

async fn ask((bench, token): &(Bench, Secret), path: &str, body: Value) -> (u16, Value) {
    let (status, body) = bench.ask("POST", path, Some(token.reveal()), Some(body)).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_run_that_could_only_fail_is_refused_with_what_to_do() {
    let bench = bench(2, NEEDS).await;
    let project = bench.0.projects[0];
    let run = "/api/jobs/needs/run";
    for more in [json!({}), json!({"args": {}}), json!({"tags": ["x"]})] {
        let mut body = json!({ "project_id": project });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, said) = ask(&bench, run, body).await;
        let message = said["error"]["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains("\"level\" is a required property"), "{said}");
    }
    let (_, said) = ask(&bench, run, json!({ "project_id": project })).await;
    let help = said["error"]["help"].as_str().unwrap();
    assert!(help.contains("[jobs.needs.args]") && help.contains("the form"), "{said}");
    let body = json!({"project_id": project, "args": {"level": 1}});
    assert_eq!(ask(&bench, run, body).await.0, 202);

    // Of many jobs the others run.
    let (status, answer) =
        ask(&bench, "/api/schedules/run", json!({"jobs": ["needs", "work"]})).await;
    assert_eq!((status, &answer["done"], &answer["projects"]), (200, &json!(2), &json!(2)));
    let refused = answer["refused"].as_array().unwrap();
    assert_eq!((refused.len(), &refused[0]["job_type"]), (1, &json!("needs")), "{answer}");
    assert!(refused[0]["message"].as_str().unwrap().contains("\"level\""), "{answer}");
    // What runs nothing is no harm.
    assert_eq!(ask(&bench, "/api/schedules/pause", json!({"jobs": ["needs"]})).await.1["done"], 2);
}

#[tokio::test]
async fn args_of_the_file_that_fit_run() {
    let more = format!("{NEEDS}[jobs.needs.args]\nlevel = 1\n");
    let bench = bench(1, &more).await;
    let body = json!({ "project_id": bench.0.projects[0] });
    assert_eq!(ask(&bench, "/api/jobs/needs/run", body).await.0, 202);
    let (_, answer) = ask(&bench, "/api/schedules/run", json!({"jobs": ["needs"]})).await;
    assert_eq!((&answer["done"], &answer["refused"]), (&json!(1), &json!([])));
}
