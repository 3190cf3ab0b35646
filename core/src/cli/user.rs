//! `cascade user ...` and `cascade token ...`: accounts, from the machine that the database trusts.

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use super::database::DatabaseArgs;
use cascade_access::{Accounts, Audited, MadeToken, May, NewToken, NewUser, Role, TokenEnd, User};
use cascade_model::Visible;
use cascade_store::{Queries, Store};

#[derive(Args)]
pub struct UserArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Adds a user; prints a link to sign in by, unless a password is given.
    Add {
        name: String,
        /// Sees all projects, edits jobs.toml, manages users.
        #[arg(long)]
        admin: bool,
        /// A role in a project, as SLUG=viewer, SLUG=editor or SLUG=owner; may be given several times.
        #[arg(long = "project", value_name = "SLUG=ROLE", value_parser = membership)]
        projects: Vec<(String, Role)>,
        /// Reads the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// All users, with their roles.
    List,
    /// Prints a link by which a user signs in once, within 15 minutes.
    Link { name: String },
    /// Sets a password from the first line of standard input; all sessions and tokens of the user end.
    Password {
        name: String,
        /// The tokens go on working.
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Gives a role in a project.
    Grant { name: String, project: String, role: Role },
    /// Takes the role in a project away.
    Revoke { name: String, project: String },
    /// Keeps a user out, at once.
    Disable { name: String },
    /// Lets a user in again.
    Enable { name: String },
}

#[derive(Args)]
pub struct TokenArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Makes an API token for a user and prints it, this once.
    Add {
        user: String,
        /// What it is for.
        name: String,
        /// At most this role; left out, all that the user may do.
        #[arg(long)]
        role: Option<Role>,
        /// Only to ask for runs of this job, and nothing else.
        #[arg(long, value_name = "JOB", conflicts_with = "role")]
        enqueue: Option<String>,
        /// Only this project.
        #[arg(long, value_name = "SLUG")]
        project: Option<String>,
        /// How long it is good for: up to 366d, or `never` for one without an end.
        #[arg(long, default_value = "90d", value_parser = token_end)]
        expires_in: TokenEnd,
    },
    /// All tokens, without their secrets.
    List,
    /// Ends a token, or with --all those of a user.
    Revoke {
        user: String,
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        #[arg(long)]
        all: bool,
    },
}

fn token_end(text: &str) -> Result<TokenEnd, String> {
    if text == "never" {
        return Ok(TokenEnd::Never);
    }
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let end =
        TimeDelta::from_std(length).ok().and_then(|length| Utc::now().checked_add_signed(length));
    end.map(TokenEnd::At).ok_or_else(|| "366d is the longest, or `never`".into())
}

fn membership(text: &str) -> Result<(String, Role), String> {
    let (slug, role) = text.split_once('=').ok_or("write SLUG=ROLE, such as atlas=editor")?;
    Ok((slug.into(), role.parse()?))
}

pub(super) fn user(args: UserArgs) -> ExitCode {
    finish(async {
        let desk = Desk::open(args.database).await?;
        desk.user(args.command).await
    })
}

pub(super) fn token(args: TokenArgs) -> ExitCode {
    finish(async {
        let desk = Desk::open(args.database).await?;
        desk.token(args.command).await
    })
}

pub(super) fn finish(work: impl Future<Output = Result<()>>) -> ExitCode {
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(work));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Accounts, and what is needed to find projects.
struct Desk {
    accounts: Accounts,
    store: std::sync::Arc<dyn Store>,
}

impl Desk {
    async fn open(database: DatabaseArgs) -> Result<Self> {
        let store = database.open().await?;
        store.migrate(&[]).await?;
        Ok(Self { accounts: Accounts::new(store.database()), store })
    }

    async fn found(&self, name: &str) -> Result<User> {
        let user = self.accounts.user(name).await?;
        user.with_context(|| format!("there is no user `{name}`; `cascade user list` shows them"))
    }

    async fn project(&self, slug: &str) -> Result<Uuid> {
        let projects = self.store.projects(&Visible::All).await?;
        let found = projects.iter().find(|project| project.slug == slug);
        found.map(|project| project.id).with_context(|| {
            let known: Vec<_> = projects.iter().map(|project| project.slug.as_str()).collect();
            match known.is_empty() {
                true => "there are no projects yet: start the host once".to_owned(),
                false => format!("there is no project `{slug}`; there is: {}", known.join(", ")),
            }
        })
    }

    /// The accounts, which write an entry of the audit log with the change.
    fn noting(&self, action: &'static str, target: &str, project: Option<Uuid>) -> Accounts {
        let done = Audited {
            user_name: "command line",
            action,
            target: target.into(),
            project,
            detail: json!({}),
            address: None,
        };
        self.accounts.noting(done.entry())
    }

    async fn link(&self, user: Uuid) -> Result<()> {
        show_link(self.accounts.make_link(user).await?.reveal());
        Ok(())
    }

    async fn user(&self, command: UserCommand) -> Result<()> {
        match command {
            UserCommand::Add { name, admin, projects, password_stdin } => {
                let mut roles = Vec::new();
                for (slug, role) in projects {
                    roles.push((self.project(&slug).await?, role));
                }
                let password = if password_stdin { Some(password()?) } else { None };
                let linked = password.is_none();
                let new = NewUser { name: name.clone(), admin, password, ..NewUser::default() };
                let user = self.noting("user.add", &name, None).add_user(new).await?;
                for (project, role) in roles {
                    let accounts = self.noting("member.set", &name, Some(project));
                    accounts.set_role(user, project, Some(role)).await?;
                }
                if linked { self.link(user).await } else { Ok(()) }
            }
            UserCommand::List => {
                let members = self.accounts.members(None).await?;
                for user in self.accounts.users().await? {
                    let own = members.iter().filter(|member| member.user_id == user.id);
                    let mut facts: Vec<_> = own
                        .map(|member| format!("{}={}", member.project_slug, member.role))
                        .collect();
                    facts.extend(user.display_name.map(|name| format!("\"{name}\"")));
                    facts.extend(user.admin.then(|| "administrator".to_owned()));
                    facts.extend(user.disabled.then(|| "disabled".to_owned()));
                    println!("{:<24} {}", user.name, facts.join(", "));
                }
                Ok(())
            }
            UserCommand::Link { name } => {
                let user = self.found(&name).await?;
                let accounts = self.noting("user.link", &user.name, None);
                show_link(accounts.make_link(user.id).await?.reveal());
                Ok(())
            }
            UserCommand::Password { name, keep_tokens } => {
                let user = self.found(&name).await?;
                let accounts = self.noting("user.password", &user.name, None);
                let ended = accounts.set_password(user.id, password()?, "", keep_tokens).await?;
                if ended > 0 {
                    eprintln!("{ended} tokens ended; --keep-tokens would have kept them");
                }
                Ok(())
            }
            UserCommand::Grant { name, project, role } => {
                self.set_role(&name, &project, Some(role)).await
            }
            UserCommand::Revoke { name, project } => self.set_role(&name, &project, None).await,
            UserCommand::Disable { name } => {
                let user = self.found(&name).await?;
                let accounts = self.noting("user.disable", &user.name, None);
                Ok(accounts.set_disabled(user.id, true).await?)
            }
            UserCommand::Enable { name } => {
                let user = self.found(&name).await?;
                let accounts = self.noting("user.enable", &user.name, None);
                Ok(accounts.set_disabled(user.id, false).await?)
            }
        }
    }

    async fn set_role(&self, name: &str, slug: &str, role: Option<Role>) -> Result<()> {
        let (user, project) = (self.found(name).await?, self.project(slug).await?);
        let accounts = self.noting("member.set", &user.name, Some(project));
        Ok(accounts.set_role(user.id, project, role).await?)
    }

    async fn token(&self, command: TokenCommand) -> Result<()> {
        match command {
            TokenCommand::Add { user, name, role, enqueue, project, expires_in } => {
                let user = self.found(&user).await?.id;
                let project = match project {
                    Some(slug) => Some(self.project(&slug).await?),
                    None => None,
                };
                let may = match (enqueue, role) {
                    (Some(job), _) => May::Enqueue(job),
                    (None, Some(role)) => May::AtMost(role),
                    (None, None) => May::All,
                };
                let new = NewToken { user, name: name.clone(), may, project, ends: expires_in };
                let accounts = self.noting("token.add", &name, project);
                let MadeToken { token, expires_at } = accounts.add_token(new).await?;
                println!("{}", token.reveal());
                if let Some(end) = expires_at {
                    eprintln!("it ends {}", end.format("%Y-%m-%d %H:%M UTC"));
                }
                Ok(())
            }
            TokenCommand::List => {
                for token in self.accounts.tokens(None).await? {
                    let end =
                        token.expires_at.map_or("never ends".into(), |at| format!("ends {at}"));
                    let may = token.enqueue.map_or(token.role, |job| format!("enqueue:{job}"));
                    println!("{:<24} {:<24} {may} {end}", token.user_name, token.name);
                }
                Ok(())
            }
            TokenCommand::Revoke { user, name, all: _ } => {
                let user = self.found(&user).await?;
                let Some(name) = name else {
                    let accounts = self.noting("token.revoke_all", &user.name, None);
                    println!("{} tokens ended", accounts.revoke_all_tokens(user.id).await?);
                    return Ok(());
                };
                // Looked for first: an entry for what was not there would be wrong.
                let tokens = self.accounts.tokens(Some(user.id)).await?;
                let accounts = self.noting("token.revoke", &name, None);
                if !tokens.iter().any(|token| token.name == name)
                    || !accounts.revoke_token(user.id, &name).await?
                {
                    bail!("`{}` has no token `{name}`", user.name);
                }
                Ok(())
            }
        }
    }
}

fn show_link(link: &str) {
    println!("/sign-in?link={link}");
    eprintln!("put the address of the server before it; good once, within 15 minutes");
}

fn password() -> Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!(
            "the password is read from standard input: pipe it in, so that nobody reads over your shoulder"
        );
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).context("standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
