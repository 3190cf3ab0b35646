//! Mail on an IMAP server, read folder by folder and never changed.

mod address;
mod fetch;
mod folder;
mod frames;
mod name;
mod reader;
mod session;

pub use self::{reader::Imap, session::responses};
