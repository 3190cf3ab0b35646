//! What the job bodies of this process leave behind, and how it is told.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, PipeReader, Write},
    os::fd::AsFd,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

static DONE: AtomicU64 = AtomicU64::new(0);
static FIRST: AtomicI64 = AtomicI64::new(i64::MAX);
static LAST: AtomicI64 = AtomicI64::new(0);
static PICKED: Mutex<Vec<i64>> = Mutex::new(Vec::new());
static HOPS: Mutex<Vec<[i64; 4]>> = Mutex::new(Vec::new());

/// µs of the Unix epoch.
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

fn count(start: i64) -> i64 {
    let end = now();
    FIRST.fetch_min(start, Ordering::Relaxed);
    LAST.fetch_max(end, Ordering::Relaxed);
    DONE.fetch_add(1, Ordering::Relaxed);
    end
}

/// The body of a no-op job; `sent` says when it was asked for.
pub fn no_op(sent: impl FnOnce() -> Option<i64>) {
    let start = now();
    if let Some(sent) = sent() {
        PICKED.lock().unwrap_or_else(PoisonError::into_inner).push(start - sent);
    }
    count(start);
}

/// The body of a step of a chain.
pub fn step(chain: i64, step: i64) {
    let start = now();
    let end = count(start);
    HOPS.lock().unwrap_or_else(PoisonError::into_inner).push([chain, step, start, end]);
}

/// Standard output as the protocol has it. What the host prints there goes to a pipe.
pub struct Protocol {
    output: Mutex<File>,
}

impl Protocol {
    /// Takes standard output away from everybody else; also gives what they print.
    pub fn take() -> io::Result<(Self, PipeReader)> {
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (reader, writer) = io::pipe()?;
        rustix::stdio::dup2_stdout(&writer)?;
        Ok((Self { output: Mutex::new(output) }, reader))
    }

    fn say(&self, message: &Value) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody reads any more: the signal to end is on its way.
        output.write_all(format!("{message}\n").as_bytes()).ok();
    }

    /// Waits until the host says that it is ready, and passes that on with the address it serves at.
    pub fn ready(&self, printed: PipeReader) {
        let mut lines = BufReader::new(printed).lines().map_while(Result::ok);
        let mut ready = json!({"ready": true});
        for line in &mut lines {
            if let Some(url) = line.strip_prefix("open ") {
                ready["url"] = url.trim().trim_end_matches('/').into();
            }
            if line == "ready" {
                self.say(&ready);
                break;
            }
        }
        lines.for_each(drop);
    }

    /// Tells the number of bodies that ended, for ever.
    pub fn count(&self) {
        let mut told = 0;
        loop {
            std::thread::sleep(Duration::from_millis(50));
            let done = DONE.load(Ordering::Relaxed);
            if done != told {
                self.say(&json!({"done": done}));
                told = done;
            }
        }
    }

    /// The last line.
    pub fn end(&self) {
        let done = DONE.load(Ordering::Relaxed);
        let first = FIRST.load(Ordering::Relaxed);
        self.say(&json!({
            "end": true,
            "done": done,
            "first_us": if done == 0 { 0 } else { first },
            "last_us": LAST.load(Ordering::Relaxed),
            "picked_us": *PICKED.lock().unwrap_or_else(PoisonError::into_inner),
            "hops": *HOPS.lock().unwrap_or_else(PoisonError::into_inner),
        }));
    }
}
