pub const ABI_VERSION: u32 = 1;
pub const ENTRY_PREFIX: &str = "cascade_plugin_entry";
pub const HEADER: &str = include_str!("../include/cascade_plugin.h");
pub mod guest {
    pub const fn table<P: Plugin>() -> PluginTable {}
    pub struct HostRef {
        private: _,
    }
    pub struct Requested(_);
    pub trait Plugin {
        fn describe() -> Answer;
        fn run(job: &str, request: &str, host: HostRef) -> Answer;
        fn read(view: &str, request: &str, host: HostRef) -> Answer;
        fn act(view: &str, request: &str, host: HostRef) -> Answer;
        fn panicked(message: &str) -> String;
    }
    pub type Answer = Result<String, String>;
}
pub mod host {
    #[derive(Debug)]
    pub enum OpenError {
        Loader(String),
        Abi { found: u32 },
        Table(&'static str),
    }
    #[derive(Debug, Clone, Copy)]
    pub enum Function {
        Run,
        Read,
        Act,
    }
    pub struct Library {
        private: _,
    }
    pub struct ReplyOnce(_);
    pub trait Services: Send + Sync + 'static {
        fn is_cancelled(&self) -> bool;
        fn now_ms(&self) -> i64;
        fn log(&self, level: i32, message: String, fields: String);
        fn progress(&self, fraction: f64, message: String);
        fn request(&self, op: String, params: String, reply: ReplyOnce);
    }
    pub type Answer = Result<String, String>;
}
pub mod inherited {
    pub fn adopt(number: RawFd, name: &str) -> io::Result<OwnedFd> {}
}
pub mod table {
    #[repr(C)]
    #[derive(Debug, Clone, Copy)]
    pub struct Text {
        pub data: *const u8,
        pub len: usize,
    }
    #[repr(C)]
    pub struct Call {
        private: _,
    }
    #[repr(C)]
    pub struct HostTable {
        pub abi_version: u32,
        pub size: u32,
        pub retain: unsafe extern "C" fn(*const Call),
        pub release: unsafe extern "C" fn(*const Call),
        pub is_cancelled: unsafe extern "C" fn(*const Call) -> i32,
        pub now_ms: unsafe extern "C" fn(*const Call) -> i64,
        pub log: unsafe extern "C" fn(
            *const Call,
            level: i32,
            message: Text,
            fields: Text,
        ),
        pub progress: unsafe extern "C" fn(*const Call, fraction: f64, message: Text),
        pub request: Request,
        pub request_wait: Request,
    }
    #[repr(C)]
    pub struct PluginTable {
        pub abi_version: u32,
        pub size: u32,
        pub describe: Option<unsafe extern "C" fn(Reply, *mut c_void)>,
        pub run: Option<Invoke>,
        pub read: Option<Invoke>,
        pub act: Option<Invoke>,
    }
    pub type Invoke = unsafe extern "C" fn(
        name: Text,
        request: Text,
        host: *const HostTable,
        call: *const Call,
        reply: Reply,
        user: *mut c_void,
    );
    pub type Reply = unsafe extern "C" fn(user: *mut c_void, ok: i32, json: Text);
    pub type Request = unsafe extern "C" fn(
        call: *const Call,
        op: Text,
        params: Text,
        reply: Reply,
        user: *mut c_void,
    );
}
impl Clone for HostRef {}
impl Drop for HostRef {}
impl Drop for ReplyOnce {}
impl Future for Requested {
    type Output = Answer;
}
impl HostRef {
    pub fn is_cancelled(&self) -> bool {}
    pub fn log(&self, level: i32, message: &str, fields: &str) {}
    pub fn now_ms(&self) -> i64 {}
    pub fn progress(&self, fraction: f64, message: &str) {}
    pub fn request(&self, op: &str, params: &str) -> Requested {}
    pub fn request_wait(&self, op: &str, params: &str) -> Answer {}
}
impl Library {
    pub fn call(
        &self,
        function: Function,
        name: &str,
        request: &str,
        services: Arc<dyn Services>,
    ) -> Answer {}
    pub fn describe(&self) -> Answer {}
    pub fn open(path: &Path, symbol: &str) -> Result<Self, OpenError> {}
}
impl ReplyOnce {
    pub fn send(mut self, answer: Answer) {}
}
impl Text {
    pub fn new(text: &str) -> Self {}
    pub unsafe fn to_string(self) -> String {}
}
unsafe impl Send for HostRef {}
unsafe impl Sync for HostRef {}
