//! The functions that an expression may call, and what they give.

use crate::shape::{Items, Type};

/// Of those that are called as `name(..)`.
pub(crate) const GLOBAL: [&str; 13] = [
    "size",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "timestamp",
    "duration",
    "type",
    "dyn",
    "matches",
    "has",
];

/// Of those that are called as `target.name(..)`; the macros among them are gone by then.
pub(crate) const MEMBERS: [&str; 20] = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// What a function gives; `None` for one that there is not.
pub(crate) fn global<'s>(name: &str, arg: Option<&Type<'s>>) -> Option<Type<'s>> {
    Some(match name {
        "size" | "int" => Type::Int,
        "uint" => Type::Int,
        "string" => Type::Text,
        "double" => Type::Number,
        "bool" | "matches" => Type::Bool,
        "bytes" => Type::Special("bytes"),
        "timestamp" => Type::Special("a time"),
        "duration" => Type::Special("a duration"),
        "type" => Type::Special("a type"),
        "dyn" => arg.cloned().map_or(Type::Any { told: true }, |_| Type::Any { told: true }),
        _ => return None,
    })
}

/// What a function of a value gives; `None` for one that there is not.
pub(crate) fn member(name: &str) -> Option<Type<'static>> {
    Some(match name {
        "contains" | "startsWith" | "endsWith" | "matches" => Type::Bool,
        name if name.starts_with("get") && MEMBERS.contains(&name) => Type::Int,
        "size" => Type::Int,
        _ => return None,
    })
}

/// Whether a value of this type has the function; `true` where that is not known.
pub(crate) fn takes(name: &str, target: &Type) -> bool {
    match target {
        Type::Any { .. } | Type::Nullable(_) => true,
        Type::Text => matches!(name, "contains" | "startsWith" | "endsWith" | "matches" | "size"),
        Type::List(_) | Type::Object(_) => name == "size",
        Type::Special("a time" | "a duration") => name.starts_with("get"),
        Type::Special(_) => name == "size",
        Type::Null | Type::Bool | Type::Int | Type::Number => false,
    }
}

/// What an element of a value is, when a comprehension goes over it; `None` for what has none.
pub(crate) fn element<'s>(of: &Type<'s>) -> Option<Type<'s>> {
    match of {
        Type::Any { told } => Some(Type::Any { told: *told }),
        Type::Nullable(inner) => element(inner),
        Type::List(Items::None) => Some(Type::Any { told: true }),
        Type::List(items) => Some(items.read()),
        Type::Object(_) => Some(Type::Text),
        _ => None,
    }
}
