//! Who works with a SQLite data directory.

use crate::host::{Host, command};

const CONFIG: &str = "[projects]\none = {}\n";

#[tokio::test]
async fn a_second_host_on_one_data_directory_ends_with_a_message_and_commands_work() {
    let mut first = Host::start_with(CONFIG, &[]);
    let beside = |args: &[&str]| {
        let mut beside = command();
        beside.args(args).env("CASCADE_AUTH", "off").current_dir(first.folder.path());
        beside.output().unwrap()
    };
    let second = beside(&["run", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success(), "{said}");
    let holder =
        format!("another host (process {}) works with the data directory", first.process.id());
    assert!(said.contains(&holder) && said.contains("--data-dir"), "{said}");
    for args in [&["user", "add", "ann", "--admin"][..], &["user", "list"], &["check"]] {
        let done = beside(args);
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let contract = beside(&["migrate", "--contract"]);
    assert!(String::from_utf8_lossy(&contract.stderr).contains(&holder), "{contract:?}");
    first.get("/health").await;
    // The lock goes with the process, also when it is killed.
    first.kill();
    let folder = std::mem::replace(&mut first.folder, tempfile::tempdir().unwrap());
    for said in ["contracted (0360_second_edition_alone.sql)", "was contracted before"] {
        let contract =
            command().args(["migrate", "--contract"]).current_dir(folder.path()).output().unwrap();
        assert!(contract.status.success(), "{contract:?}");
        assert!(String::from_utf8_lossy(&contract.stdout).contains(said), "{contract:?}");
    }
    Host::start_in(folder, &[]).get("/health").await;
}
