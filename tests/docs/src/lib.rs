//! Keeps docs/plugins true.
//!
//! Each page is the documentation of a module here, so that its complete programs are doctests. What
//! is too short for a program is quoted from [`examples`] or another file that is compiled and run;
//! `checks` (the unit tests) compares the quotes and sees to the blocks in other languages.

pub mod examples;

#[cfg(test)]
mod checks;

macro_rules! pages {
    ($($name:ident: $file:literal),+ $(,)?) => {
        $(
            #[doc = include_str!(concat!("../../../docs/plugins/", $file))]
            pub mod $name {}
        )+

        /// Every page of docs/plugins, by file name.
        pub const PAGES: &[(&str, &str)] =
            &[$(($file, include_str!(concat!("../../../docs/plugins/", $file)))),+];
    };
}

pages! {
    readme: "README.md",
    tutorial: "tutorial.md",
    reference: "reference.md",
    executables: "executables.md",
    c: "c.md",
    idempotency: "idempotency.md",
    migrations: "migrations.md",
    testing: "testing.md",
    publishing: "publishing.md",
    compatibility: "compatibility.md",
}
