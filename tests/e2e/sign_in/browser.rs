//! The pages of signing in, in Chromium.

use super::{accounts::with_viewer, link};
use crate::browser::browse;

#[tokio::test]
async fn people_sign_in_see_what_is_theirs_and_sign_out_everywhere() {
    let (host, password) = with_viewer().await;
    let link = format!("{}/sign-in?link={}", host.url, link(&host));
    let env = [("LINK", link.as_str()), ("USER", "vera"), ("PASSWORD", &password)];
    assert!(browse(&["sign-in"], &host.url, &env, |_| {}), "{}", host.log());
}
