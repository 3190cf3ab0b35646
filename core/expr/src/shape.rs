//! What a JSON Schema says of a value, as far as an expression can be checked against it.

use serde_json::{Map, Value};

/// References that are followed from one to the next.
const MOST_REFERENCES: usize = 32;

/// What is known of a value.
#[derive(Debug, Clone)]
pub(crate) enum Type<'s> {
    /// Nothing; `told` if that has been counted.
    Any {
        told: bool,
    },
    /// It is null.
    Null,
    /// It may be null, or is this.
    Nullable(Box<Type<'s>>),
    Bool,
    Int,
    /// A number that need not be whole.
    Number,
    Text,
    /// A value that JSON does not have, such as a time.
    Special(&'static str),
    List(Items<'s>),
    Object(Fields<'s>),
}

/// What is known of a list's elements.
#[derive(Debug, Clone)]
pub(crate) enum Items<'s> {
    /// There are none.
    None,
    Each(Box<Type<'s>>),
    /// What a schema says; read when asked for, as a schema may contain itself.
    Of(Node<'s>),
}

/// What is known of an object's fields.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'s> {
    properties: Option<&'s Map<String, Value>>,
    /// There are no others.
    pub closed: bool,
    root: &'s Value,
}

/// A schema, and the document that its references point into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'s> {
    schema: &'s Value,
    root: &'s Value,
}

pub(crate) const UNKNOWN: Type<'static> = Type::Any { told: false };

impl<'s> Node<'s> {
    /// The whole of a document.
    pub fn root(schema: &'s Value) -> Self {
        Self { schema, root: schema }
    }

    /// What it says.
    pub fn read(self) -> Type<'s> {
        let mut node = self;
        for _ in 0..MOST_REFERENCES {
            let Some(object) = node.schema.as_object() else { return UNKNOWN };
            let next = if let Some(reference) = object.get("$ref") {
                let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
                pointer.and_then(|pointer| self.root.pointer(pointer))
            } else if let Some([only]) =
                object.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
            {
                Some(only)
            } else {
                return node.of(object);
            };
            match next {
                Some(schema) => node = Self { schema, root: self.root },
                None => return UNKNOWN,
            }
        }
        UNKNOWN
    }

    fn of(self, object: &'s Map<String, Value>) -> Type<'s> {
        if ["allOf", "not", "if", "$dynamicRef"].iter().any(|key| object.contains_key(*key)) {
            return UNKNOWN;
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(choices) = object.get(key).and_then(Value::as_array) {
                return self.one_of(choices);
            }
        }
        match object.get("type") {
            Some(Value::String(name)) => self.named(name, object),
            Some(Value::Array(names)) => {
                let mut others =
                    names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
                let nullable = names.iter().any(|name| name == "null");
                match (others.next(), others.next()) {
                    (Some(only), None) => self.named(only, object).nullable_if(nullable),
                    (None, _) if nullable => Type::Null,
                    _ => UNKNOWN,
                }
            }
            _ if object.contains_key("properties") => self.named("object", object),
            _ => UNKNOWN,
        }
    }

    /// One of several schemas, of which null may be one.
    fn one_of(self, choices: &'s [Value]) -> Type<'s> {
        let read = |schema| Self { schema, root: self.root }.read();
        let mut others = Vec::new();
        let mut nullable = false;
        for choice in choices.iter().map(read) {
            match choice {
                Type::Null => nullable = true,
                other => others.push(other),
            }
        }
        match others.len() {
            0 if nullable => Type::Null,
            1 => others.remove(0).nullable_if(nullable),
            _ => UNKNOWN,
        }
    }

    fn named(self, name: &str, object: &'s Map<String, Value>) -> Type<'s> {
        match name {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "integer" => Type::Int,
            "number" => Type::Number,
            "string" => Type::Text,
            "array" if object.contains_key("prefixItems") => {
                Type::List(Items::Each(Box::new(UNKNOWN)))
            }
            "array" => Type::List(match object.get("items") {
                Some(schema) => Items::Of(Self { schema, root: self.root }),
                None => Items::Each(Box::new(UNKNOWN)),
            }),
            "object" => {
                let properties = object.get("properties").and_then(Value::as_object);
                let closed = match object.get("additionalProperties") {
                    Some(additional) => *additional == Value::Bool(false),
                    None => properties.is_some(),
                };
                let closed = closed && !object.contains_key("patternProperties");
                Type::Object(Fields { properties, closed, root: self.root })
            }
            _ => UNKNOWN,
        }
    }
}

impl<'s> Fields<'s> {
    /// An object of which nothing is known.
    pub fn open() -> Self {
        Self { properties: None, closed: false, root: &Value::Null }
    }

    /// What is known of a field; `None` for one that is not named.
    pub fn get(&self, name: &str) -> Option<Type<'s>> {
        let schema = self.properties?.get(name)?;
        Some(Node { schema, root: self.root }.read())
    }

    /// Those that are named.
    pub fn names(&self) -> Vec<&'s str> {
        self.properties.map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

impl<'s> Items<'s> {
    /// What is known of one.
    pub fn read(&self) -> Type<'s> {
        match self {
            Self::None => UNKNOWN,
            Self::Each(each) => (**each).clone(),
            Self::Of(node) => node.read(),
        }
    }
}

impl<'s> Type<'s> {
    fn nullable_if(self, nullable: bool) -> Self {
        match self {
            Self::Any { .. } | Self::Null | Self::Nullable(_) => self,
            other if nullable => Self::Nullable(Box::new(other)),
            other => other,
        }
    }

    /// What it is when it is not null.
    pub fn without_null(self) -> Self {
        match self {
            Self::Nullable(inner) => *inner,
            other => other,
        }
    }

    /// Words for it; `None` where more than one plain type is possible.
    pub fn plain(&self) -> Option<&'static str> {
        match self {
            Self::Any { .. } | Self::Nullable(_) => None,
            Self::Null => Some("null"),
            Self::Bool => Some("a boolean"),
            Self::Int => Some("a whole number"),
            Self::Number => Some("a number"),
            Self::Text => Some("text"),
            Self::Special(name) => Some(name),
            Self::List(_) => Some("a list"),
            Self::Object(_) => Some("an object"),
        }
    }

    /// Whether values of the two can be equal or compared: numbers with numbers, and each other type with
    /// itself. `true` where that is not known.
    pub fn comparable(&self, other: &Self) -> bool {
        let family = |name: &'static str| if name == "a whole number" { "a number" } else { name };
        match (self.plain().map(family), other.plain().map(family)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    /// What is known of a value that is one or the other.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::List(Items::None), list @ Self::List(_))
            | (list @ Self::List(_), Self::List(Items::None)) => list,
            (Self::Int, Self::Number) | (Self::Number, Self::Int) => Self::Number,
            (Self::Null, other) | (other, Self::Null) => other.nullable_if(true),
            (one, other) if one.plain().is_some() && one.plain() == other.plain() => match one {
                // Their parts may differ.
                Self::List(_) => Self::List(Items::Each(Box::new(UNKNOWN))),
                Self::Object(_) => Self::Object(Fields::open()),
                one => one,
            },
            _ => UNKNOWN,
        }
    }
}
