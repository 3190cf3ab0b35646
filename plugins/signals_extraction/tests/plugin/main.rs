//! The tests of this plugin, as one program: each more would be linked once more.

mod args;
mod extraction;
