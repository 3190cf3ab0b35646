//! Starts a program, listens to it, and stops it when it must stop.

use std::{process::Stdio, time::Duration};

use cascade_sdk::{Context, JobError, Outcome};
use futures::StreamExt;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    process::{ChildStderr, ChildStdout, Command},
    time::{Instant, timeout},
};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

use super::{
    keeper, look,
    protocol::{Input, Said},
    rows,
    running::Running,
    with_defaults,
};
use cascade_model::{Limits, Program};

/// From SIGTERM to SIGKILL; shorter than what the runner gives a plugin to stop.
const GRACE: Duration = Duration::from_secs(4);
/// How long descendants may keep the pipes open after the program itself has ended.
const LINGER: Duration = Duration::from_secs(1);
/// What a pipe and the host's own buffer of it hold.
const IN_PIPE: usize = 128 * 1024;
/// The longest line.
const MOST_BYTES: usize = 1024 * 1024;
/// What every program gets of the host's environment; the rest may hold secrets.
const ENVIRONMENT: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

pub(super) async fn run(
    program: &Program,
    ctx: &Context,
    params: Value,
) -> Result<Outcome<Value>, JobError> {
    let (command, kept) = command(program, ctx);
    let mut running = Running::start(command, kept).await.map_err(|error| {
        JobError::fail(format!("cannot start {}: {error}", program.command.join(" ")))
    })?;
    let _seen = running.id().map(|pid| look::seen(ctx.run_id(), pid, kept));
    let (mut stdin, out, err) = running.streams();
    let mut info = ctx.info().clone();
    info.args = with_defaults(&program.args_schema, info.args);
    let input = serde_json::to_vec(&Input { info: &info, params: &params })?;
    // A program need not read what it is told; a broken pipe is no fault.
    let feed = async {
        if let Some(mut stdin) = stdin.take() {
            stdin.write_all(&input).await.ok();
        }
    };
    let mut said = Said::default();
    let listen = listen(&mut running, (out, err), ctx, &mut said);
    let ((), ended) = tokio::join!(feed, listen);
    let (status, asked) = ended?;
    if asked && !status.success() {
        return Err(JobError::Cancelled);
    }
    let rows = std::mem::take(&mut said.rows);
    let outcome = said.end(status)?;
    match &program.view {
        Some(view) => rows::stage(ctx, view, rows)?,
        None if rows.is_empty() => {}
        None => ctx.log().warn(format!(
            "{} rows are dropped: [jobs.{}.executable.view] says nothing of them",
            rows.len(),
            program.job
        )),
    }
    Ok(outcome)
}

/// Also says whether a keeper is started by it.
fn command(program: &Program, ctx: &Context) -> (Command, bool) {
    // The shell sets the limits and becomes the program: they hold from its first instruction on.
    let script = format!("{}exec \"$@\"", ulimits(program.limits));
    let mut words = ["/bin/sh", "-c", &script, "sh"].map(ToOwned::to_owned).to_vec();
    words.extend(program.command.iter().cloned());
    let (mut command, kept) = keeper::command(&words);
    command.current_dir(&program.folder).env_clear();
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let secrets = program.secrets.iter();
    command.envs(secrets.filter_map(|name| Some((name, ctx.secret(name).ok()?))));
    command
        .envs(&program.env)
        .env("CASCADE_RUN_ID", ctx.run_id().to_string())
        .env("CASCADE_PROJECT", &ctx.project().slug)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    (command, kept)
}

/// From SIGXCPU to SIGKILL for a program that catches the first, s of processor time.
const CPU_GRACE: u64 = 5;

fn ulimits(limits: Limits) -> String {
    let mut text = String::new();
    let mut set = |flag: &str, value: Option<u64>| {
        if let Some(value) = value {
            text.push_str(&format!("ulimit {flag} {value} && "));
        }
    };
    let cpu = limits.cpu.map(|time| time.as_secs().max(1));
    set("-t", cpu.map(|seconds| seconds + CPU_GRACE));
    set("-S -t", cpu);
    // In KiB, and by POSIX in blocks of 512 bytes.
    set("-v", limits.memory.map(|bytes| bytes.div_ceil(1024)));
    set("-f", limits.file_size.map(|bytes| bytes.div_ceil(512)));
    set("-n", limits.open_files.map(u64::from));
    text
}

/// Hears the program to its end; says also whether it was asked to stop.
async fn listen(
    running: &mut Running,
    (out, err): (Option<ChildStdout>, Option<ChildStderr>),
    ctx: &Context,
    said: &mut Said,
) -> Result<(std::process::ExitStatus, bool), JobError> {
    let (mut out, mut err) = (out.map(lines), err.map(lines));
    let (mut status, mut asked) = (None, false);
    let mut deadline: Option<Instant> = None;
    let mut cancelled = ctx.cancelled();
    while status.is_none() || out.is_some() || err.is_some() {
        tokio::select! {
            line = next(&mut out, ctx), if out.is_some() => match line {
                Some(Ok(line)) => said.hear(ctx, &line),
                Some(Err(error)) => {
                    running.end();
                    return Err(JobError::fail(format!("its output cannot be read: {error}")));
                }
                None => out = None,
            },
            line = next(&mut err, ctx), if err.is_some() => match line {
                Some(Ok(line)) => ctx.log().warn(line),
                Some(Err(_)) | None => err = None,
            },
            ended = running.wait(), if status.is_none() => {
                status = Some(ended?);
                deadline = Some(Instant::now() + LINGER);
            }
            () = &mut cancelled, if !asked => {
                asked = true;
                running.stop();
                deadline = Some(Instant::now() + GRACE);
            }
            () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                // Either it does not stop, or something that it left behind holds its output open.
                running.end();
                deadline = None;
                if status.is_some() {
                    rest(out.take(), ctx, |line| said.hear(ctx, line)).await;
                    rest(err.take(), ctx, |line| ctx.log().warn(line)).await;
                    break;
                }
            }
        }
    }
    match status {
        Some(status) => Ok((status, asked)),
        None => Err(JobError::retry("it ended without a status")),
    }
}

type Lines<R> = FramedRead<R, AnyDelimiterCodec>;

fn lines<R: AsyncRead>(pipe: R) -> Lines<R> {
    let codec = AnyDelimiterCodec::new_with_max_length(b"\n".into(), b"\n".into(), MOST_BYTES);
    FramedRead::new(pipe, codec)
}

/// The next line, once the host can keep it: a program that prints faster has to wait. Without its
/// end; what is not UTF-8 is shown as `\u{FFFD}`.
async fn next<R: AsyncRead + Unpin>(
    lines: &mut Option<Lines<R>>,
    ctx: &Context,
) -> Option<Result<String, AnyDelimiterCodecError>> {
    ctx.host().log_room().await;
    let line = lines.as_mut()?.next().await?;
    Some(line.map(|line| text(&line)))
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// What the program printed before it ended, and no more than that: a process that it left behind in a
/// session of its own may keep the pipe open, and print.
async fn rest<R: AsyncRead + Unpin>(
    lines: Option<Lines<R>>,
    ctx: &Context,
    mut hear: impl FnMut(&str),
) {
    let Some(mut lines) = lines else { return };
    let mut bytes = 0;
    while bytes < IN_PIPE {
        ctx.host().log_room().await;
        let Ok(Some(Ok(line))) = timeout(LINGER, lines.next()).await else { return };
        bytes += line.len() + 1;
        hear(&text(&line));
    }
}
