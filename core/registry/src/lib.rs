//! Where job types and views come from: compiled in, loaded from a shared library, or an external program.

mod build_advice;
pub mod library;
mod output;
mod panic;
mod plugins;
pub mod program;

pub use build_advice::of as build_advice;
pub use panic::panic_text;
pub use plugins::Plugins;
