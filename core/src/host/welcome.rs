//! What the host says once it is up: where everything is, and a first link to sign in.

use std::{io::Write, net::SocketAddr};

use cascade_access::{Accounts, NewUser};
use cascade_http::{self as http, auth::SignIn};

use super::{DatabaseSettings, HostSettings};

/// The user that the embedded form starts with.
const OWNER: &str = "owner";

/// A link that signs the owner in, for who starts everything in one process on their own machine: so
/// that nobody has to make up a password first. Nobody else sees this terminal.
pub(super) async fn first_link(
    settings: &HostSettings,
    address: Option<SocketAddr>,
    accounts: &Accounts,
) -> anyhow::Result<Option<String>> {
    let embedded = matches!(settings.database, DatabaseSettings::Embedded(_));
    let Some(address) = address else { return Ok(None) };
    if !embedded || !settings.serve || settings.auth.sign_in == SignIn::Off {
        return Ok(None);
    }
    if !http::auth::is_local(address.ip()) {
        return Ok(None);
    }
    let owner = match accounts.user(OWNER).await? {
        Some(owner) => owner.id,
        None if accounts.users().await?.is_empty() => {
            accounts
                .add_user(NewUser { name: OWNER.into(), admin: true, ..NewUser::default() })
                .await?
        }
        // Others were added in its place.
        None => return Ok(None),
    };
    let link = accounts.make_link(owner).await?;
    Ok(Some(format!("http://{address}/sign-in?link={}", link.reveal())))
}

/// Says on standard output where everything is. Nobody reading it is no reason to stop.
pub(super) fn announce(
    place: &str,
    settings: &HostSettings,
    address: Option<SocketAddr>,
    link: Option<String>,
) -> std::io::Result<()> {
    let config = std::path::absolute(&settings.config)?;
    let mut text = format!("data      {place}\nconfig    {}\n", config.display());
    if let Some(address) = address {
        let what = if settings.serve { "open  " } else { "health" };
        text.push_str(&format!("{what}    http://{address}/\n"));
    }
    if let Some(link) = link {
        text.push_str(&format!("sign in {link}  (once, within 15 minutes)\n"));
    }
    text.push_str("ready\n");
    std::io::stdout().write_all(text.as_bytes()).ok();
    std::io::stdout().flush().ok();
    Ok(())
}
