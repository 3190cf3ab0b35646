//! The tests of this plugin, as one program: each more would be linked once more.

mod mail;
mod messages;
mod quiet;
mod support;
mod upstream;
