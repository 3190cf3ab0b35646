//! What a program is told and what it may say.
//!
//! Standard input: one JSON object, then end of file:
//! `{"job_type", "project": {"id","slug","name"}, "run_id", "attempt", "max_attempts", "payload",
//! "triggered_by", "base_dir", "allowed_folders", "args", "upstream": [{"run_id","job","output"}], "params"}`.
//!
//! Standard output, one JSON object a line:
//! - `{"type":"log","level":"info","message":"...","fields":{..}}`
//! - `{"type":"progress","fraction":0.5,"message":"..."}`
//! - `{"type":"row","key":"...","data":{..}}`: kept with the run and shown by the job's view; a row
//!   with the key of an older one replaces it, one without a key is added
//! - `{"type":"result","summary":"..."}`
//! - `{"type":"output","value":..}`: kept with the run and given to the runs that it triggers
//! - `{"type":"enqueue","job":"..","args":{..},"key":"..","run_at":"..","priority":0,"tags":[".."]}`: a run that is made
//!   when this one has succeeded
//! - `{"type":"error","message":"...","retry":true,"after_ms":1000}`: why it will not exit with 0
//! - `{"type":"snooze","after_ms":60000}`: it is to be started again later, and the attempt does not count
//!
//! Any other line, and all of standard error, goes to the run's log as it is.

use std::{process::ExitStatus, str::FromStr};

use cascade_sdk::{Context, EnqueueError, JobError, Level, NewRun, Outcome, RunInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Input that is wrong (`EX_USAGE`, `EX_DATAERR`, `EX_CONFIG` of sysexits.h): not tried again.
const FOR_GOOD: [i32; 3] = [64, 65, 78];

#[derive(Serialize)]
pub(super) struct Input<'a> {
    #[serde(flatten)]
    pub info: &'a RunInfo,
    pub params: &'a Value,
}

/// One line of a program's standard output.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// For the run's log.
    Log {
        /// `info` if not given.
        #[serde(default = "info")]
        level: Level,
        /// The line.
        message: String,
        /// More of it, for programs.
        #[serde(default)]
        fields: Value,
    },
    /// How far it has come.
    Progress {
        /// 0..1.
        fraction: f64,
        /// What it does now.
        #[serde(default)]
        message: String,
    },
    /// For the job's view.
    Row(Row),
    /// What came of it.
    Result {
        /// One sentence.
        summary: Option<String>,
    },
    /// What the runs that it triggers are given; the last one counts.
    Output {
        /// Any JSON.
        value: Value,
    },
    /// A run that it asks for.
    Enqueue(NewRun),
    /// Why it will fail.
    Error(Fault),
    /// Why it will end without a result: there is nothing to do yet.
    Snooze {
        /// How long the run waits.
        after_ms: u64,
    },
}

impl FromStr for Line {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

fn info() -> Level {
    Level::Info
}

/// A row for the job's view.
#[derive(Debug, Deserialize)]
pub struct Row {
    /// Replaces the row of the same key.
    pub key: Option<String>,
    /// What is shown.
    pub data: serde_json::Map<String, Value>,
}

/// What a program says of its own failure.
#[derive(Debug, Deserialize)]
pub struct Fault {
    message: String,
    retry: Option<bool>,
    after_ms: Option<u64>,
}

/// All that a program has said.
#[derive(Default)]
pub(super) struct Said {
    pub rows: Vec<Row>,
    pub summary: Option<String>,
    pub output: Value,
    pub fault: Option<Fault>,
    /// Why a run that it asked for is not made: it fails, whatever its status.
    pub refused: Option<EnqueueError>,
    /// Milliseconds.
    pub snooze: Option<u64>,
}

impl Said {
    /// Takes one line of standard output.
    pub fn hear(&mut self, ctx: &Context, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        match text.parse() {
            Ok(Line::Log { level, message, fields }) => {
                let log = ctx.log().with(fields);
                match level {
                    Level::Debug => log.debug(message),
                    Level::Info => log.info(message),
                    Level::Warn => log.warn(message),
                    Level::Error => log.error(message),
                }
            }
            Ok(Line::Progress { fraction, message }) => ctx.progress(fraction, message),
            Ok(Line::Row(row)) => self.rows.push(row),
            Ok(Line::Result { summary }) => self.summary = summary,
            Ok(Line::Output { value }) => self.output = value,
            Ok(Line::Enqueue(run)) => {
                if let Err(refused) = ctx.host().enqueue(run) {
                    self.refused.get_or_insert(refused);
                }
            }
            Ok(Line::Error(fault)) => self.fault = Some(fault),
            Ok(Line::Snooze { after_ms }) => self.snooze = Some(after_ms),
            // It meant to say something that the host does not understand.
            Err(error) if text.starts_with('{') => {
                ctx.log().warn(format!("not understood ({error}): {text}"));
            }
            Err(_) => ctx.log().info(text),
        }
    }

    /// What the exit status makes of the run.
    pub fn end(self, status: ExitStatus) -> Result<Outcome<Value>, JobError> {
        if let Some(after_ms) = self.snooze {
            return Err(JobError::Snooze { after_ms });
        }
        if let Some(refused) = self.refused {
            return Err(refused.into());
        }
        if status.success() {
            return Ok(Outcome { summary: self.summary, output: self.output });
        }
        let how = ended(status);
        let again = status.code().is_none_or(|code| !FOR_GOOD.contains(&code));
        let (message, again, after_ms) = match self.fault {
            Some(fault) => {
                (format!("{} ({how})", fault.message), fault.retry.unwrap_or(again), fault.after_ms)
            }
            None => (how, again, None),
        };
        Err(match again {
            true => JobError::Retry { message, after_ms },
            false => JobError::Fail { message },
        })
    }
}

fn ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(127), _) => "exit status 127: the command was not found".into(),
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(24)) => "killed by SIGXCPU: over its limit of processor time".into(),
        (None, Some(25)) => "killed by SIGXFSZ: over its limit of file size".into(),
        (None, signal) => format!("killed by signal {}", signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn exit_statuses_say_whether_to_try_again() {
        assert!(Said::default().end(exit(0)).is_ok());
        for (status, again) in [
            (exit(1), true),
            (exit(75), true),
            (exit(64), false),
            (exit(65), false),
            (exit(78), false),
            (ExitStatus::from_raw(9), true),
        ] {
            let error = Said::default().end(status).unwrap_err();
            assert_eq!(matches!(error, JobError::Retry { .. }), again, "{status}: {error}");
        }
    }

    #[test]
    fn what_it_says_of_its_failure_outweighs_the_status() {
        let fault = Fault { message: "no such host".into(), retry: Some(false), after_ms: None };
        let said = Said { fault: Some(fault), ..Said::default() };
        let error = said.end(exit(1)).unwrap_err();
        assert!(
            matches!(&error, JobError::Fail { message } if message.contains("no such host (exit status 1)"))
        );
    }

    #[test]
    fn a_program_that_snoozes_is_started_again_whatever_its_status() {
        for code in [0, 1, 64] {
            let said = Said { snooze: Some(5), ..Said::default() };
            let error = said.end(exit(code)).unwrap_err();
            assert!(matches!(error, JobError::Snooze { after_ms: 5 }), "{code}: {error}");
        }
    }
}
