//! The real binary, from outside: its command line, its HTTP, its files, its signals.

mod browser;
mod cascade;
mod check;
mod host;
mod layout;
mod reload;
mod sample;
mod shutdown;
mod stream;
