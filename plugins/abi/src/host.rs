//! The host's side: opens a library, calls its functions, and answers what it asks for.

use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, mpsc},
};

use crate::{
    ABI_VERSION,
    table::{Call, HostTable, Invoke, PluginTable, Text},
};

/// Bytes of the table of a plugin that knows version 1 and nothing that was appended since.
const VERSION_1_SIZE: usize = 40;

/// What a call came to: JSON either way, as the header describes it.
pub type Answer = Result<String, String>;

/// Why a library cannot be used.
#[derive(Debug)]
pub enum OpenError {
    /// The system's loader refuses it; its own words.
    Loader(String),
    /// It is made for another version of the ABI.
    Abi {
        /// The plugin's.
        found: u32,
    },
    /// Its entry gives no table, or one that is shorter than version 1, or without `describe` or
    /// `run`.
    Table(&'static str),
}

/// What one call may ask of the host.
pub trait Services: Send + Sync + 'static {
    /// Whether the run should stop.
    fn is_cancelled(&self) -> bool;
    /// The time, in milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// Keeps a line with the run. Must not block.
    fn log(&self, level: i32, message: String, fields: String);
    /// Publishes progress. Must not block.
    fn progress(&self, fraction: f64, message: String);
    /// Starts on a request; must not block.
    fn request(&self, op: String, params: String, reply: ReplyOnce);
}

/// An answer that is owed. Dropped without one, it says so to whoever waits.
pub struct ReplyOnce(Option<Box<dyn FnOnce(Answer) + Send>>);

impl ReplyOnce {
    fn new(deliver: impl FnOnce(Answer) + Send + 'static) -> Self {
        Self(Some(Box::new(deliver)))
    }

    /// Answers.
    pub fn send(mut self, answer: Answer) {
        if let Some(deliver) = self.0.take() {
            deliver(answer);
        }
    }
}

impl Drop for ReplyOnce {
    fn drop(&mut self) {
        if let Some(deliver) = self.0.take() {
            deliver(Err(r#"{"message":"the host is stopping"}"#.into()));
        }
    }
}

/// Which function of the plugin to call.
#[derive(Debug, Clone, Copy)]
pub enum Function {
    /// `run`.
    Run,
    /// `read`.
    Read,
    /// `act`.
    Act,
}

/// A library that is mapped for as long as the process lives.
pub struct Library {
    table: &'static PluginTable,
}

impl Library {
    /// Maps a library and calls its entry function `symbol`.
    ///
    /// Its initialisers run: whoever may choose the file may run code in this process. The caller
    /// checks beforehand that the file is the operator's and is a library of this platform.
    ///
    /// # Errors
    /// [`OpenError`]; a library that was refused stays mapped, unused.
    pub fn open(path: &Path, symbol: &str) -> Result<Self, OpenError> {
        let loader = |error: libloading::Error| OpenError::Loader(error.to_string());
        // SAFETY: running the initialisers of a library that the operator named is what plugins are
        // for. It is never unmapped, so nothing that it hands out can dangle.
        let library = unsafe { libloading::Library::new(path) }.map_err(loader)?;
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        // SAFETY: the header gives the symbol's type.
        let entry = unsafe {
            library.get::<unsafe extern "C" fn() -> *const PluginTable>(symbol).map_err(loader)?
        };
        // SAFETY: the header says that it may be called at any time and what it returns.
        let table = unsafe { entry() };
        if table.is_null() {
            return Err(OpenError::Table("its entry function returned NULL"));
        }
        // SAFETY: every version of the table begins with the two numbers, so they can be read before
        // the rest is known to be there.
        let (found, size) = unsafe { ((*table).abi_version, (*table).size as usize) };
        if found != ABI_VERSION {
            return Err(OpenError::Abi { found });
        }
        // Against version 1 as it was: what is appended later may be missing.
        if size < VERSION_1_SIZE {
            return Err(OpenError::Table("its table is shorter than that of its ABI version"));
        }
        // SAFETY: version and size say that the whole table is there, and the header that it lives as
        // long as the process.
        let table: &'static PluginTable = unsafe { &*table };
        if table.describe.is_none() || table.run.is_none() {
            return Err(OpenError::Table("its table has no `describe` or no `run`"));
        }
        Ok(Self { table })
    }

    /// What the plugin brings.
    ///
    /// # Errors
    /// The plugin's own error.
    pub fn describe(&self) -> Answer {
        let Some(describe) = self.table.describe else { return Err(missing("describe")) };
        let mut answer = None;
        // SAFETY: `keep` is made for a `user` that is such an `Option`, and the plugin answers before
        // it returns.
        unsafe { describe(keep, (&raw mut answer).cast()) };
        answer.unwrap_or_else(no_answer)
    }

    /// Calls one of the plugin's functions. Blocks until it is done.
    ///
    /// # Errors
    /// The plugin's own error.
    pub fn call(
        &self,
        function: Function,
        name: &str,
        request: &str,
        services: Arc<dyn Services>,
    ) -> Answer {
        let (invoke, what): (Option<Invoke>, _) = match function {
            Function::Run => (self.table.run, "run"),
            Function::Read => (self.table.read, "read"),
            Function::Act => (self.table.act, "act"),
        };
        let Some(invoke) = invoke else { return Err(missing(what)) };
        let mut answer = None;
        let call = Arc::into_raw(Arc::new(CallState { services }));
        // SAFETY: the texts and the call are valid until it returns, the table is static, and `keep`
        // is made for this `user`, which outlives the call.
        unsafe {
            invoke(
                Text::new(name),
                Text::new(request),
                &raw const HOST,
                call.cast(),
                keep,
                (&raw mut answer).cast(),
            );
            // The reference made above; the plugin may hold others.
            drop(Arc::from_raw(call));
        }
        answer.unwrap_or_else(no_answer)
    }
}

fn missing(function: &str) -> String {
    format!(r#"{{"kind":"internal","message":"the plugin has no function `{function}`"}}"#)
}

fn no_answer() -> Answer {
    Err(r#"{"kind":"fail","message":"the plugin returned without an answer"}"#.into())
}

/// Keeps the plugin's answer for the caller.
unsafe extern "C" fn keep(user: *mut c_void, ok: i32, json: Text) {
    // SAFETY: `user` is the caller's `Option`, which nobody else touches meanwhile; the text is valid
    // until this returns.
    unsafe {
        let answer = json.to_string();
        *user.cast::<Option<Answer>>() = Some(if ok == 1 { Ok(answer) } else { Err(answer) });
    }
}

/// What `cascade_call` points to.
struct CallState {
    services: Arc<dyn Services>,
}

/// # Safety
/// `call` must be one that this host made and that is still retained.
unsafe fn services<'a>(call: *const Call) -> &'a dyn Services {
    // SAFETY: the caller's promise.
    unsafe { &*(*call.cast::<CallState>()).services }
}

static HOST: HostTable = HostTable {
    abi_version: ABI_VERSION,
    size: size_of::<HostTable>() as u32,
    retain,
    release,
    is_cancelled,
    now_ms,
    log,
    progress,
    request,
    request_wait,
};

// The functions below trust what the header asks of plugins: a call that is valid, and texts that are
// until the function returns. That is the safety argument of each.

unsafe extern "C" fn retain(call: *const Call) {
    // SAFETY: see above.
    unsafe { Arc::increment_strong_count(call.cast::<CallState>()) }
}

unsafe extern "C" fn release(call: *const Call) {
    // SAFETY: see above.
    unsafe { Arc::decrement_strong_count(call.cast::<CallState>()) }
}

unsafe extern "C" fn is_cancelled(call: *const Call) -> i32 {
    // SAFETY: see above.
    unsafe { services(call) }.is_cancelled().into()
}

unsafe extern "C" fn now_ms(call: *const Call) -> i64 {
    // SAFETY: see above.
    unsafe { services(call) }.now_ms()
}

unsafe extern "C" fn log(call: *const Call, level: i32, message: Text, fields: Text) {
    // SAFETY: see above.
    let (services, message, fields) =
        unsafe { (services(call), message.to_string(), fields.to_string()) };
    services.log(level, message, fields);
}

unsafe extern "C" fn progress(call: *const Call, fraction: f64, message: Text) {
    // SAFETY: see above.
    let (services, message) = unsafe { (services(call), message.to_string()) };
    services.progress(fraction, message);
}

/// The plugin's `reply` and `user`, on their way to the thread that answers.
struct Callback {
    reply: crate::table::Reply,
    user: *mut c_void,
}

// SAFETY: the header says that `reply` may be called on any thread.
unsafe impl Send for Callback {}

impl Callback {
    fn deliver(self, answer: Answer) {
        let (ok, json) = match &answer {
            Ok(json) => (1, json),
            Err(json) => (0, json),
        };
        // SAFETY: `reply` belongs to `user`, and `self` is gone after this one call.
        unsafe { (self.reply)(self.user, ok, Text::new(json)) }
    }
}

unsafe extern "C" fn request(
    call: *const Call,
    op: Text,
    params: Text,
    reply: crate::table::Reply,
    user: *mut c_void,
) {
    // SAFETY: see above.
    let (services, op, params) = unsafe { (services(call), op.to_string(), params.to_string()) };
    let callback = Callback { reply, user };
    start(services, op, params, ReplyOnce::new(move |answer| callback.deliver(answer)));
}

unsafe extern "C" fn request_wait(
    call: *const Call,
    op: Text,
    params: Text,
    reply: crate::table::Reply,
    user: *mut c_void,
) {
    // SAFETY: see above.
    let (services, op, params) = unsafe { (services(call), op.to_string(), params.to_string()) };
    let (sender, receiver) = mpsc::channel();
    let send = move |answer| drop(sender.send(answer));
    start(services, op, params, ReplyOnce::new(send));
    let answer = receiver.recv().unwrap_or_else(|_| Err(r#"{"message":"no answer"}"#.into()));
    Callback { reply, user }.deliver(answer);
}

/// A panic in the host's own code must not unwind into the plugin. The reply is dropped with it, and
/// answers by that.
fn start(services: &dyn Services, op: String, params: String, reply: ReplyOnce) {
    let started = catch_unwind(AssertUnwindSafe(|| services.request(op, params, reply)));
    drop(started);
}
