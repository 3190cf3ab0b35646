//! A plugin's side: a safe trait to implement, and a safe handle on the host.

use std::{
    ffi::c_void,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::{
    ABI_VERSION,
    table::{Call, HostTable, PluginTable, Reply, Text},
};

/// What a call came to: JSON either way, as the header describes it.
pub type Answer = Result<String, String>;

/// What a plugin does, with JSON texts in and out.
pub trait Plugin {
    /// See `cascade_plugin.describe`.
    fn describe() -> Answer;
    /// See `cascade_plugin.run`.
    fn run(job: &str, request: &str, host: HostRef) -> Answer;
    /// See `cascade_plugin.read`.
    fn read(view: &str, request: &str, host: HostRef) -> Answer;
    /// See `cascade_plugin.act`.
    fn act(view: &str, request: &str, host: HostRef) -> Answer;
    /// The error that tells of a panic.
    fn panicked(message: &str) -> String;
}

/// The table that makes `P` reachable. Put it into a `static`.
pub const fn table<P: Plugin>() -> PluginTable {
    PluginTable {
        abi_version: ABI_VERSION,
        size: size_of::<PluginTable>() as u32,
        describe: Some(describe::<P>),
        run: Some(run::<P>),
        read: Some(read::<P>),
        act: Some(act::<P>),
    }
}

unsafe extern "C" fn describe<P: Plugin>(reply: Reply, user: *mut c_void) {
    // SAFETY: the host's `reply` and `user` belong together, and this is the one answer.
    unsafe { answer::<P>(reply, user, P::describe) }
}

macro_rules! entries {
    ($($name:ident),+) => {$(
        unsafe extern "C" fn $name<P: Plugin>(
            name: Text,
            request: Text,
            host: *const HostTable,
            call: *const Call,
            reply: Reply,
            user: *mut c_void,
        ) {
            // SAFETY: the host passes texts and a call that are valid until this returns, a table
            // that lives as long as the process, and a `reply` that belongs to `user`.
            unsafe {
                let (name, request) = (name.to_string(), request.to_string());
                let host = HostRef::retained(host, call);
                answer::<P>(reply, user, move || P::$name(&name, &request, host));
            }
        }
    )+};
}

entries!(run, read, act);

/// Gives the one answer, whatever happens in `make`: no panic may cross the boundary.
///
/// # Safety
/// `reply` must accept `user`, and nobody else may answer.
unsafe fn answer<P: Plugin>(reply: Reply, user: *mut c_void, make: impl FnOnce() -> Answer) {
    let answer = catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(P::panicked(text.unwrap_or("without a message")))
    });
    let (ok, json) = match &answer {
        Ok(json) => (1, json),
        Err(json) => (0, json),
    };
    // SAFETY: the caller's promise; `json` outlives the call.
    unsafe { reply(user, ok, Text::new(json)) }
}

/// A counted reference to one call of the host.
pub struct HostRef {
    table: &'static HostTable,
    call: *const Call,
}

// SAFETY: the header promises that all functions of the host's table may be called from any thread,
// and `call` stays valid while it is retained.
unsafe impl Send for HostRef {}
// SAFETY: as above.
unsafe impl Sync for HostRef {}

impl HostRef {
    /// # Safety
    /// `table` must be a host's table, and `call` a call of it that is valid now.
    unsafe fn retained(table: *const HostTable, call: *const Call) -> Self {
        // SAFETY: the caller's promise; the header says that the table lives as long as the process.
        unsafe {
            let table: &'static HostTable = &*table;
            (table.retain)(call);
            Self { table, call }
        }
    }

    /// Whether the run should stop.
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: `call` is retained by `self`; so below.
        unsafe { (self.table.is_cancelled)(self.call) != 0 }
    }

    /// The time, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        // SAFETY: as above.
        unsafe { (self.table.now_ms)(self.call) }
    }

    /// Keeps a line with the run; `fields` is a JSON object or empty.
    pub fn log(&self, level: i32, message: &str, fields: &str) {
        // SAFETY: as above; the texts outlive the call.
        unsafe { (self.table.log)(self.call, level, Text::new(message), Text::new(fields)) }
    }

    /// Says how far the run has come.
    pub fn progress(&self, fraction: f64, message: &str) {
        // SAFETY: as above.
        unsafe { (self.table.progress)(self.call, fraction, Text::new(message)) }
    }

    /// Asks the host for something; see `cascade_host.request`. It is under way at once.
    pub fn request(&self, op: &str, params: &str) -> Requested {
        let slot = Arc::new(Slot::default());
        let user = Arc::into_raw(slot.clone()).cast_mut().cast::<c_void>();
        // SAFETY: as above; `replied` takes back the reference behind `user`, in its one call.
        unsafe {
            (self.table.request)(self.call, Text::new(op), Text::new(params), replied, user);
        }
        Requested(slot)
    }

    /// Asks the host for something and waits for the answer.
    pub fn request_wait(&self, op: &str, params: &str) -> Answer {
        let slot = Arc::new(Slot::default());
        let user = Arc::into_raw(slot.clone()).cast_mut().cast::<c_void>();
        // SAFETY: as in `request`.
        unsafe {
            (self.table.request_wait)(self.call, Text::new(op), Text::new(params), replied, user);
        }
        slot.lock().answer.take().unwrap_or_else(|| Err("the host gave no answer".into()))
    }
}

impl Clone for HostRef {
    fn clone(&self) -> Self {
        // SAFETY: `call` is retained by `self`, hence valid.
        unsafe { (self.table.retain)(self.call) };
        Self { table: self.table, call: self.call }
    }
}

impl Drop for HostRef {
    fn drop(&mut self) {
        // SAFETY: gives back the one reference that `self` holds.
        unsafe { (self.table.release)(self.call) }
    }
}

#[derive(Default)]
struct Slot(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Slot {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

unsafe extern "C" fn replied(user: *mut c_void, ok: i32, json: Text) {
    // SAFETY: `user` came from `Arc::into_raw` and the host calls this exactly once; the text is
    // valid until this returns.
    let (slot, json) =
        unsafe { (Arc::from_raw(user.cast_const().cast::<Slot>()), json.to_string()) };
    let waker = {
        let mut pending = slot.lock();
        pending.answer = Some(if ok == 1 { Ok(json) } else { Err(json) });
        pending.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// An answer that is under way. Dropping it drops the answer, not the work.
pub struct Requested(Arc<Slot>);

impl Future for Requested {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut pending = self.0.lock();
        match pending.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                pending.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}
