//! Tables of jobs.toml whose keys are declared once. The declaration of a key is the field that it is read
//! into, with what holds if it is left out; [`Table`] reads it, and [`Key`] is what the JSON Schema, completion,
//! forms and the reference say of it.

use toml::de::DeTable;

use super::{
    keys::{self, Key},
    reader::Reader,
};

/// A struct that [`table!`] declares.
pub(crate) trait Table: Default {
    /// Where it stands in the file, such as `jobs.*`.
    const PATH: &'static str;

    /// Its keys, in the order of their declaration.
    fn keys() -> Vec<Key>;

    /// Reads the keys of a table that it knows, over what holds without them.
    fn read(self, reader: &mut Reader, path: &str, entries: &DeTable) -> Self;
}

/// Refuses the keys of a table that are not known, and reads the others.
pub(crate) fn read<T: Table>(reader: &mut Reader, path: &str, entries: &DeTable, base: T) -> T {
    let known = keys::under(T::PATH);
    for (key, _) in entries.iter() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            reader.unknown_key(path, name, key.span(), &known);
        }
    }
    base.read(reader, path, entries)
}

/// What several keys say together.
pub(crate) trait Together: Table {
    /// What they are read into.
    type Value;

    /// From the single values, of which a bad one has been told.
    fn value(self, reader: &mut Reader, path: &str, entries: &DeTable) -> Self::Value;
}

/// Declares a [`Table`].
///
/// A key is a field with its doc comment, which is shown to people too; its [`Kind`](super::kind::Kind), with a
/// title and both texts in Russian if forms have a field for it; and what holds if it is left out. `together T`
/// is a field that is read from all keys of the table `T`, which stand in this one.
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        $vis:vis struct $table:ident at $path:literal {
            $(together $keys:ident, $(#[doc = $flat_doc:literal])+ pub $flat:ident: $flat_type:ty,)*
            $(
                $(#[doc = $doc:literal])+
                #[key($kind:expr $(, $title:literal, ru: $ru_title:literal, $ru_doc:literal)?)]
                pub $name:ident: $type:ty = $default:expr,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $table {
            $($(#[doc = $flat_doc])+ pub $flat: $flat_type,)*
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for $table {
            fn default() -> Self {
                Self { $($flat: Default::default(),)* $($name: $default,)+ }
            }
        }

        impl $crate::table::Table for $table {
            const PATH: &'static str = $path;

            fn keys() -> Vec<$crate::Key> {
                let keys = vec![$($crate::Key::declared(
                    concat!($path, ".", stringify!($name)),
                    &$kind,
                    concat!($($doc),+).trim(),
                    &[$($title, $ru_title, $ru_doc)?],
                    &$default,
                )),+];
                $(let keys = [<$keys as $crate::table::Table>::keys(), keys].concat();)*
                keys
            }

            fn read(
                mut self,
                reader: &mut $crate::reader::Reader,
                path: &str,
                entries: &toml::de::DeTable,
            ) -> Self {
                $({
                    let keys = <$keys>::default();
                    let keys = $crate::table::Table::read(keys, reader, path, entries);
                    self.$flat = $crate::table::Together::value(keys, reader, path, entries);
                })*
                $(if let Some(value) = entries.get(stringify!($name)) {
                    let key = format!("{path}.{}", stringify!($name));
                    let base = &self.$name;
                    if let Some(value) =
                        $crate::kind::Kind::read_over(&$kind, reader, &key, value, base)
                    {
                        self.$name = value;
                    }
                })+
                self
            }
        }

        impl serde::Serialize for $table {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry(stringify!($flat), &self.$flat)?;)*
                $(map.serialize_entry(
                    stringify!($name),
                    &$crate::kind::Kind::write(&$kind, &self.$name),
                )?;)+
                map.end()
            }
        }
    };
}

pub(crate) use table;
