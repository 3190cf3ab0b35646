//! What was sent to hooks, as people see it, and have it run again.

use cascade_access::{May, NewToken, NewUser, Role, TokenEnd};
use serde_json::{Value, json};

use super::{ask, bench, opened, push, runs};
use crate::{middleware::auth::SignIn, tests::Bench};

impl Bench {
    /// The token of a new user with these roles, or of an administrator.
    async fn member(&self, name: &str, roles: &[(usize, Role)], admin: bool) -> String {
        let accounts = &self.server.accounts;
        let new = NewUser { name: name.into(), admin, ..NewUser::default() };
        let user = accounts.add_user(new).await.unwrap();
        for (project, role) in roles {
            accounts.set_role(user, self.projects[*project], Some(*role)).await.unwrap();
        }
        let new = NewToken {
            user,
            name: "t".into(),
            may: May::All,
            project: None,
            ends: TokenEnd::Usual,
        };
        accounts.add_token(new).await.unwrap().token.reveal().to_owned()
    }

    pub(super) async fn admin_of(&self, name: &str) -> String {
        self.member(&format!("admin-{name}"), &[], true).await
    }
}

#[tokio::test]
async fn a_delivery_is_seen_and_repeated_by_who_may() {
    let bench = bench(SignIn::Required).await;
    let (_, made) = push(&bench, "d-1", &opened(2)).await;
    let viewer = bench.member("viewer", &[(0, Role::Viewer)], false).await;
    let editor = bench.member("editor", &[(0, Role::Editor)], false).await;
    let stranger = bench.member("stranger", &[(1, Role::Owner)], false).await;
    let admin = bench.admin_of("x").await;
    let list = "/api/hooks/push/deliveries";
    let (_, kept) = ask(&bench, "GET", list, Some(&viewer)).await;
    let id = kept["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(kept["items"][0]["run_id"], made["run_id"]);
    let (one, replay) = (format!("{list}/{id}"), format!("{list}/{id}/replay"));
    for (token, status, body) in [
        (&viewer, 200, json!("hidden")),
        (&editor, 200, json!("shown")),
        (&admin, 200, json!("shown")),
        (&stranger, 404, json!(null)),
    ] {
        let (told, found) = ask(&bench, "GET", &one, Some(token)).await;
        assert_eq!((told, &found["body_state"]), (status, &body), "{found}");
        assert_eq!(found["body"].is_string(), body == "shown");
        if status == 200 {
            assert_eq!(
                found["headers"],
                json!({"content-type": "application/json", "x-github-delivery": "d-1", "x-github-event": "push"})
            );
        }
    }
    assert_eq!(ask(&bench, "GET", list, Some(&stranger)).await.0, 404);
    assert_eq!(ask(&bench, "GET", list, None).await.0, 401);
    for (token, status) in [(&viewer, 403), (&stranger, 404)] {
        assert_eq!(ask(&bench, "POST", &replay, Some(token)).await.0, status);
    }
    assert_eq!(runs(&bench).await, 1);
    let (status, again) = ask(&bench, "POST", &replay, Some(&editor)).await;
    assert_eq!(status, 201, "{again}");
    assert_ne!(again["run_id"], made["run_id"]);
    let (_, kept) = ask(&bench, "GET", list, Some(&viewer)).await;
    let newest = &kept["items"][0];
    assert_eq!((&newest["replay_of"], &newest["replayed_by"]), (&json!(id), &json!("editor")));
    assert_eq!(newest["run_id"], again["run_id"]);
    let (_, audit) = ask(&bench, "GET", "/api/audit?text=hook.replay", Some(&admin)).await;
    assert_eq!((&audit["total"], &audit["items"][0]["target"]), (&json!(1), &json!("push")));
    // One that is ignored makes no run by hand either.
    push(&bench, "d-2", &json!({"action": "closed"})).await;
    let (_, kept) = ask(&bench, "GET", list, Some(&viewer)).await;
    let id = kept["items"][0]["id"].as_str().unwrap();
    let (status, said) = ask(&bench, "POST", &format!("{list}/{id}/replay"), Some(&editor)).await;
    assert!(status == 409 && said.to_string().contains("is false"), "{said}");
    assert_eq!(runs(&bench).await, 2);
    let long = json!({"id": 1, "action": "opened", "level": 1, "x": "x".repeat(64 << 10)});
    push(&bench, "d-3", &long).await;
    let (_, kept) = ask(&bench, "GET", list, Some(&viewer)).await;
    let id = kept["items"][0]["id"].as_str().unwrap();
    let (_, whole) = ask(&bench, "GET", &format!("{list}/{id}"), Some(&editor)).await;
    assert_eq!(whole["body_state"], "too_long");
    let (status, said) = ask(&bench, "POST", &format!("{list}/{id}/replay"), Some(&editor)).await;
    assert!(status == 409 && said.to_string().contains("too long to be kept"), "{said}");
}

#[tokio::test]
async fn hooks_are_shown_without_their_secrets() {
    let bench = bench(SignIn::Required).await;
    push(&bench, "d-1", &opened(2)).await;
    let admin = bench.admin_of("x").await;
    let stranger = bench.member("stranger", &[(1, Role::Owner)], false).await;
    let (_, all) = ask(&bench, "GET", "/api/hooks", Some(&admin)).await;
    let names = |all: &Value| -> Vec<String> {
        let items = all["items"].as_array().unwrap().iter();
        items.map(|hook| hook["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all), ["bare", "once", "paid", "push", "slow"]);
    let push = &all["items"][3];
    assert_eq!(push["secrets"][0], json!({"name": "HOOK_NEW", "is_set": true}));
    assert_eq!(push["last_day"], json!({"run": 1, "ignored": 0, "refused": 0}));
    assert_eq!((&push["path"], &push["project"]), (&json!("/hooks/push"), &json!("p0")));
    assert_eq!((&push["last"]["outcome"], &push["ready"]), (&json!("run"), &json!(true)));
    assert_eq!(all["items"][0]["ready"], false);
    assert!(!all.to_string().contains("secret-of-a-hook"), "{all}");
    let (_, own) = ask(&bench, "GET", "/api/hooks", Some(&stranger)).await;
    assert_eq!(names(&own), ["once", "paid"]);
    assert_eq!(own["items"][0]["secrets"], json!([]));
    let (_, config) = ask(&bench, "GET", "/api/jobs/config", Some(&stranger)).await;
    let shown: Vec<_> = config["hooks"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(shown, ["once", "paid"]);
    assert!(!config.to_string().contains("HOOK_"), "{config}");
}
