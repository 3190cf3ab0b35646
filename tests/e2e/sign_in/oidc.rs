//! OpenID Connect, against a provider that the test runs.

use serde_json::json;

use super::{
    Browser, CONFIG, answer, cli,
    provider::{CLIENT, Fault, Provider, SECRET, Who},
};
use crate::host::Host;

fn start(provider: &Provider) -> Host {
    start_with(provider, &[])
}

fn start_with(provider: &Provider, more: &[(&str, &str)]) -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), CONFIG).unwrap();
    let env = [
        ("CASCADE_AUTH", "on"),
        ("CASCADE_OIDC_ISSUER", provider.url.as_str()),
        ("CASCADE_OIDC_CLIENT_ID", CLIENT),
        ("CASCADE_OIDC_CLIENT_SECRET", SECRET),
    ];
    Host::start_as(&[], folder, &[], &[&env, more].concat())
}

fn browser() -> reqwest::Client {
    cascade_store::tls::install();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn header(answer: &reqwest::Response, name: &str) -> String {
    let values = answer.headers().get_all(name).iter();
    let all: Vec<_> = values.map(|value| value.to_str().unwrap().to_owned()).collect();
    all.join("\n")
}

/// To the provider; returns the address that it sends the browser back to, and the cookie with the state.
async fn to_the_provider(host: &Host) -> (String, String) {
    let browser = browser();
    let begun = browser.get(format!("{}/api/session/oidc", host.url)).send().await.unwrap();
    assert_eq!(begun.status(), 303);
    let state = header(&begun, "set-cookie");
    assert!(state.contains("HttpOnly") && state.contains("SameSite=Lax"), "{state}");
    let there = browser.get(header(&begun, "location")).send().await.unwrap();
    (header(&there, "location"), state.split(';').next().unwrap().to_owned())
}

/// To the provider and back; returns the answer to the callback.
async fn sign_in(host: &Host, forget_cookie: bool) -> reqwest::Response {
    let (back, state) = to_the_provider(host).await;
    let mut back = browser().get(back);
    if !forget_cookie {
        back = back.header("cookie", state);
    }
    back.send().await.unwrap()
}

fn session(answer: &reqwest::Response) -> Browser {
    let set = header(answer, "set-cookie");
    let cookie = set.lines().find(|line| line.starts_with("cascade_session=")).unwrap();
    Browser { cookie: cookie.split(';').next().unwrap().to_owned(), ..Browser::default() }
}

#[tokio::test]
async fn who_the_provider_knows_is_signed_in_without_any_role_at_first() {
    let provider = Provider::start();
    let host = start(&provider);
    // Somebody else of the same name: names prove nothing.
    cli(&host, "user add grace --project two=owner --password-stdin", "a long enough password");

    let answer_1 = sign_in(&host, false).await;
    assert_eq!((answer_1.status().as_u16(), header(&answer_1, "location")), (303, "/".into()));
    let grace = session(&answer_1);
    let (_, who) = grace.get(&host, "/api/session").await;
    let name = who["user"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("grace+"), "{name}");
    assert_eq!((&who["user"]["projects"], &who["user"]["admin"]), (&json!([]), &json!(false)));
    let (status, none) = grace.get(&host, "/api/jobs/scheduler").await;
    assert_eq!((status, &none["items"]), (200, &json!([])));

    assert!(cli(&host, &format!("user grant {name} one viewer"), "").0);
    let again = session(&sign_in(&host, false).await);
    let (_, who) = again.get(&host, "/api/session").await;
    assert_eq!(who["user"]["projects"][0]["slug"], "one", "the same user: {who}");

    assert!(cli(&host, &format!("user disable {name}"), "").0);
    assert_eq!(sign_in(&host, false).await.status(), 403);
}

/// Each on another database: the two have nothing but settings in common.
#[tokio::test]
async fn a_sign_in_that_one_server_began_is_finished_by_another() {
    let provider = Provider::start();
    let base = "http://cascade.example";
    let behind_one_address = || start_with(&provider, &[("CASCADE_PUBLIC_URL", base)]);
    let (one, other) = (behind_one_address(), behind_one_address());
    let (back, state) = to_the_provider(&one).await;
    let back = format!("{}{}", other.url, back.strip_prefix(base).unwrap());
    let answered = browser().get(back).header("cookie", state).send().await.unwrap();
    assert_eq!(answered.status(), 303);
    let (_, who) = session(&answered).get(&other, "/api/session").await;
    assert_eq!(who["user"]["display_name"], "Grace", "{who}");
}

#[tokio::test]
async fn a_name_that_nobody_has_verified_is_shown_and_is_nobody_s_name() {
    let provider = Provider::start();
    let host = start(&provider);
    let who = async |subject, preferred, email| {
        *provider.who.lock().unwrap() = Who { subject, preferred, email };
        let answered = sign_in(&host, false).await;
        assert_eq!(answered.status(), 303, "{subject}");
        let (_, session) = session(&answered).get(&host, "/api/session").await;
        let text = |key: &str| session["user"][key].as_str().unwrap_or_default().to_owned();
        (text("name"), text("display_name"))
    };
    // Names of accounts to come, and of the owner there is.
    for taken in ["ann", "owner", "ceo@corp.example"] {
        let (name, shown) = who("chooser", Some(taken), None).await;
        assert!(name.contains('+') && !name.contains('@'), "{name}");
        assert_eq!(shown, taken);
    }
    let (name, _) = who("liar", None, Some(("ceo@corp.example", false))).await;
    assert!(name.starts_with("ceo.corp.example+"), "{name}");
    assert!(cli(&host, "user add ann --password-stdin", "a long enough password").0);
    // What an older version refused to call anybody.
    let (name, shown) = who("auth0|123", Some("Grace Hopper"), None).await;
    assert!(name.starts_with("grace.hopper+"), "{name}");
    assert_eq!(shown, "Grace Hopper");
    // The same account under another name; and another of the same name.
    assert_eq!(
        who("auth0|123", Some("Amazing Grace"), None).await,
        (name.clone(), "Amazing Grace".into())
    );
    assert_ne!(who("auth0|124", Some("Grace Hopper"), None).await.0, name);
    assert!(who("auth0|125", None, None).await.0.starts_with("auth0.125+"));
    // What the provider has verified is a name, for the first who has it.
    let email = Some(("Ada@corp.example", true));
    assert_eq!(who("ada", Some("ann"), email).await.0, "ada@corp.example");
    assert!(who("ada-2", Some("Ada"), email).await.0.starts_with("ada+"));
    let (good, said) = cli(&host, "user list", "");
    assert!(good && said.contains("\"Amazing Grace\""), "{said}");
}

#[tokio::test]
async fn an_address_begins_so_many_sign_ins_at_the_provider() {
    let provider = Provider::start();
    let host = start(&provider);
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let begun = browser().get(format!("{}/api/session/oidc", host.url)).send().await.unwrap();
        statuses.push(begun.status().as_u16());
    }
    assert_eq!((statuses[0], statuses[29]), (303, 429), "{statuses:?}");
}

#[tokio::test]
async fn a_way_back_that_is_wrong_in_any_way_signs_nobody_in() {
    let provider = Provider::start();
    let host = start(&provider);
    assert_eq!(sign_in(&host, true).await.status(), 401, "another browser");
    for fault in [Fault::Nonce, Fault::Audience, Fault::Expired, Fault::Key] {
        *provider.fault.lock().unwrap() = fault;
        let refused = sign_in(&host, false).await;
        assert_eq!(refused.status(), 502, "{fault:?}");
        let cookies = header(&refused, "set-cookie");
        assert!(!cookies.contains("cascade_session"), "{cookies}");
        assert!(cookies.contains("cascade_oidc=;"), "its state is of no more use: {cookies}");
    }
    let made_up = host.client.get(format!("{}/api/session/oidc/callback?state=s&code=c", host.url));
    assert_eq!(answer(made_up.header("cookie", "cascade_oidc=s")).await.0, 401);
    assert!(!host.log().contains(SECRET));
}
