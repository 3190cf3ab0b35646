//! Asks addresses whether they are up, and keeps what they answered for a chart.

mod job;
mod view;

pub use job::UptimeCheck;
pub use view::Uptime;

cascade_sdk::submit_migrations!("0001_init.sql");
cascade_sdk::submit_job!(UptimeCheck);
cascade_sdk::submit_view!(Uptime);
cascade_sdk::export_plugin!();
