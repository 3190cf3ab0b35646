//! The tests of this plugin, as one program: each more would be linked once more.

mod args;
mod cases;
mod feeds;
mod files;
mod imap;
mod imap_servers;
mod issues;
mod mail;
mod sample;
mod slack;
mod slack_web;
mod support;
mod sync;
