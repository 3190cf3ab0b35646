//! A message as a mail.

use cascade_sdk::Context;
use lettre::message::{Mailbox, Message as Mail, header::ContentType};
use url::Url;

use crate::{
    fault::Fault,
    message::Message,
    params::Email,
    smtp::{Privacy, Server, Session, SignIn},
};

pub async fn send(ctx: &Context, to: &Email, message: &Message) -> Result<(), Fault> {
    let server = server(to)?;
    let sign_in = match (&to.user, &to.password_env) {
        (None, None) => None,
        (Some(user), Some(variable)) => {
            let password = ctx.secret(variable).map_err(Fault::passing)?;
            Some(SignIn { user: user.clone(), password })
        }
        _ => return Err(Fault::lasting("`user` and `password_env` go together")),
    };
    let mail = mail(ctx, to, message)?;
    let mut session = Session::open(ctx, server, sign_in).await?;
    let refused = session.send(mail.envelope(), &mail.formatted()).await?;
    for recipient in refused {
        ctx.log().warn(format!("{}: the server refused {recipient}", to.name));
    }
    session.quit().await;
    Ok(())
}

/// Where the mail server is.
fn server(to: &Email) -> Result<Server, Fault> {
    let wrong = |what: &str| Fault::lasting(format!("server: {what}"));
    let url = Url::parse(&to.server).map_err(|error| wrong(&error.to_string()))?;
    let privacy = match (url.scheme(), to.without_tls) {
        ("smtps", false) => Privacy::Tls,
        ("smtp", false) => Privacy::StartTls,
        ("smtp", true) => Privacy::None,
        ("smtps", true) => {
            return Err(wrong("`smtps://` is TLS; `without_tls` goes with `smtp://`"));
        }
        _ => return Err(wrong("write `smtps://HOST` or, for STARTTLS, `smtp://HOST`")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("the user stands in `user`, the password in `password_env`"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(wrong("it ends after host and port"));
    }
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| wrong("it names no host"))?.to_owned();
    let usual = if privacy == Privacy::Tls { 465 } else { 587 };
    Ok(Server { host, port: url.port().unwrap_or(usual), privacy })
}

fn mail(ctx: &Context, to: &Email, message: &Message) -> Result<Mail, Fault> {
    let mailbox = |what: &str, text: &str| {
        let wrong = |error| Fault::lasting(format!("{what}: `{text}`: {error}"));
        text.parse::<Mailbox>().map_err(wrong)
    };
    let from = mailbox("from", &to.from)?;
    let id = format!("<{}@{}>", message.id(&to.name), from.email.domain());
    let mut mail = Mail::builder()
        .from(from)
        .subject(&message.subject)
        .date(ctx.now().into())
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN);
    for recipient in &to.to {
        mail = mail.to(mailbox("to", recipient)?);
    }
    mail.body(message.body.clone()).map_err(|error| Fault::lasting(format!("the mail: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(extra: serde_json::Value) -> Result<(String, u16, Privacy), String> {
        let mut email = json!({"name": "m", "from": "a@x", "to": ["b@x"]});
        email.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let server = server(&serde_json::from_value(email).unwrap()).map_err(|e| e.to_string())?;
        Ok((server.host, server.port, server.privacy))
    }

    #[test]
    fn a_server_is_named_by_its_address() {
        let good = |extra| of(extra).unwrap();
        assert_eq!(good(json!({"server": "smtps://m.x"})), ("m.x".into(), 465, Privacy::Tls));
        assert_eq!(good(json!({"server": "smtp://m.x/"})), ("m.x".into(), 587, Privacy::StartTls));
        let plain = json!({"server": "smtp://localhost:25", "without_tls": true});
        assert_eq!(good(plain), ("localhost".into(), 25, Privacy::None));
        for (extra, told) in [
            (json!({"server": "m.x"}), "server:"),
            (json!({"server": "https://m.x"}), "smtps://HOST"),
            (json!({"server": "smtps://ann:pw@m.x"}), "`password_env`"),
            (json!({"server": "smtps://m.x/a"}), "host and port"),
            (json!({"server": "smtps://m.x", "without_tls": true}), "`without_tls`"),
        ] {
            let said = of(extra.clone()).unwrap_err();
            assert!(said.contains(told) && !said.contains("pw@"), "{extra}: {said}");
        }
    }
}
