//! The types of `cascade_plugin.h`, field by field. What each is for is said there.

use std::{ffi::c_void, marker::PhantomData};

/// `cascade_text`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Not NUL-terminated; may be null when `len` is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
}

impl Text {
    /// Borrows a text for one call.
    pub fn new(text: &str) -> Self {
        Self { data: text.as_ptr(), len: text.len() }
    }

    /// The text, with anything that is not UTF-8 replaced.
    ///
    /// # Safety
    /// `data` and `len` must describe memory that is readable until this returns.
    pub unsafe fn to_string(self) -> String {
        if self.data.is_null() || self.len == 0 {
            return String::new();
        }
        // SAFETY: the caller's promise; null and empty were handled above.
        let bytes = unsafe { std::slice::from_raw_parts(self.data, self.len) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// `cascade_call`: opaque.
#[repr(C)]
pub struct Call {
    opaque: [u8; 0],
    // Neither Send nor Sync nor Unpin by itself: only the host knows what it points to.
    marker: PhantomData<(*mut u8, std::marker::PhantomPinned)>,
}

/// `cascade_reply`.
pub type Reply = unsafe extern "C" fn(user: *mut c_void, ok: i32, json: Text);

/// The type of `cascade_host.request` and `cascade_host.request_wait`.
pub type Request = unsafe extern "C" fn(
    call: *const Call,
    op: Text,
    params: Text,
    reply: Reply,
    user: *mut c_void,
);

/// The type of `cascade_plugin.run`, `read` and `act`.
pub type Invoke = unsafe extern "C" fn(
    name: Text,
    request: Text,
    host: *const HostTable,
    call: *const Call,
    reply: Reply,
    user: *mut c_void,
);

/// `cascade_host`.
#[repr(C)]
#[allow(missing_docs)]
pub struct HostTable {
    pub abi_version: u32,
    pub size: u32,
    pub retain: unsafe extern "C" fn(*const Call),
    pub release: unsafe extern "C" fn(*const Call),
    pub is_cancelled: unsafe extern "C" fn(*const Call) -> i32,
    pub now_ms: unsafe extern "C" fn(*const Call) -> i64,
    pub log: unsafe extern "C" fn(*const Call, level: i32, message: Text, fields: Text),
    pub progress: unsafe extern "C" fn(*const Call, fraction: f64, message: Text),
    pub request: Request,
    pub request_wait: Request,
}

/// `cascade_plugin`. A function that C left NULL is `None`.
#[repr(C)]
#[allow(missing_docs)]
pub struct PluginTable {
    pub abi_version: u32,
    pub size: u32,
    pub describe: Option<unsafe extern "C" fn(Reply, *mut c_void)>,
    pub run: Option<Invoke>,
    pub read: Option<Invoke>,
    pub act: Option<Invoke>,
}
