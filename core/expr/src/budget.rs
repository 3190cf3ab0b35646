//! How much an expression may work on and make, found before it is evaluated: the interpreter has no limit of its
//! own, and a host that runs out of memory ends.
//!
//! Walks the tree with the most that each part can be, given the values that there are. A field or an element of a
//! given value is looked at itself; what is computed has a bound. A comprehension is as large and as much work as
//! its step, once for each element of its list.

use cel::common::ast::{
    ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators as op,
};
use serde_json::Value;

use crate::evaluate::EvaluateError;

/// The most bytes that the parts of an expression may be together, each as often as it is evaluated.
const MOST_WORK: u64 = 256 << 20;
/// The most bytes of one part.
const MOST_BYTES: u64 = 64 << 20;
/// The most times that parts are evaluated.
const MOST_STEPS: u64 = 2_000_000;
/// What any value takes.
const SMALLEST: u64 = 16;

/// Checks that an expression stays within the limits over these values, by name.
pub(crate) fn check(tree: &IdedExpr, names: &[(&str, &Value)]) -> Result<(), EvaluateError> {
    let names = names.iter().map(|(name, value)| ((*name).to_owned(), Bound::Of(vec![value])));
    let mut walk = Walk { names: names.collect(), work: 0, steps: 0, times: 1 };
    walk.walk(tree)?;
    Ok(())
}

/// The most that a value can be.
#[derive(Clone)]
enum Bound<'v> {
    /// One of these.
    Of(Vec<&'v Value>),
    /// At most so many bytes; a list of at most so many elements, each of which is at most that.
    Most { bytes: u64, length: u64, element: Option<Box<Bound<'v>>> },
}

impl<'v> Bound<'v> {
    fn small() -> Self {
        Self::text(SMALLEST)
    }

    fn text(bytes: u64) -> Self {
        Self::Most { bytes, length: 0, element: None }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Of(values) => values.iter().map(|value| bytes(value)).max().unwrap_or(SMALLEST),
            Self::Most { bytes, .. } => *bytes,
        }
    }

    /// Elements of a list, or fields of an object.
    fn length(&self) -> u64 {
        let length = |value: &Value| match value {
            Value::Array(items) => items.len() as u64,
            Value::Object(fields) => fields.len() as u64,
            _ => 0,
        };
        match self {
            Self::Of(values) => values.iter().map(|value| length(value)).max().unwrap_or(0),
            Self::Most { length, .. } => *length,
        }
    }

    fn element(&self) -> Self {
        match self {
            Self::Of(values) => {
                let inside = values.iter().flat_map(|value| match value {
                    Value::Array(items) => items.iter().collect::<Vec<_>>(),
                    Value::Object(fields) => fields.values().collect(),
                    _ => Vec::new(),
                });
                Self::Of(inside.collect())
            }
            Self::Most { element: Some(element), .. } => (**element).clone(),
            Self::Most { bytes, .. } => Self::text(*bytes),
        }
    }

    fn field(&self, name: &str) -> Self {
        match self {
            Self::Of(values) => Self::Of(values.iter().filter_map(|it| it.get(name)).collect()),
            other => other.element(),
        }
    }

    /// The keys of an object are its elements in comprehensions.
    fn visited(&self) -> Self {
        match self {
            Self::Of(values) if values.iter().any(|value| value.is_object()) => {
                let keys = values.iter().filter_map(|value| value.as_object());
                let longest = keys.flat_map(|fields| fields.keys().map(String::len)).max();
                let mut element = self.element();
                if longest.is_some_and(|longest| longest as u64 + SMALLEST > element.bytes()) {
                    element = Self::text(longest.unwrap_or(0) as u64 + SMALLEST);
                }
                element
            }
            other => other.element(),
        }
    }

    /// One or the other.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(mut one), Self::Of(other)) => {
                one.extend(other);
                Self::Of(one)
            }
            (one, other) => {
                let element = match (one.length(), other.length()) {
                    (0, 0) => None,
                    (0, _) => Some(Box::new(other.element())),
                    (_, 0) => Some(Box::new(one.element())),
                    _ => Some(Box::new(one.element().or(other.element()))),
                };
                let bytes = one.bytes().max(other.bytes());
                Self::Most { bytes, length: one.length().max(other.length()), element }
            }
        }
    }

    /// Both, one after the other.
    fn and(self, other: Self) -> Self {
        let bytes = self.bytes().saturating_add(other.bytes());
        let length = self.length().saturating_add(other.length());
        let element = match self.or(other) {
            Self::Most { element, .. } => element,
            of @ Self::Of(_) => Some(Box::new(of.element())),
        };
        Self::Most { bytes, length, element }
    }

    /// So many of them, one after the other.
    fn times(self, times: u64) -> Self {
        let (bytes, length) = (self.bytes(), self.length());
        let element = (length > 0).then(|| Box::new(self.element()));
        Self::Most {
            bytes: bytes.saturating_mul(times),
            length: length.saturating_mul(times),
            element,
        }
    }
}

fn bytes(value: &Value) -> u64 {
    SMALLEST
        + match value {
            Value::String(text) => text.len() as u64,
            Value::Array(items) => items.iter().map(bytes).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| name.len() as u64 + bytes(value)).sum()
            }
            _ => 0,
        }
}

struct Walk<'v> {
    names: Vec<(String, Bound<'v>)>,
    work: u64,
    steps: u64,
    /// How often the part that is looked at is evaluated.
    times: u64,
}

impl<'v> Walk<'v> {
    fn walk(&mut self, expr: &IdedExpr) -> Result<Bound<'v>, EvaluateError> {
        let found = match &expr.expr {
            Expr::Literal(LiteralValue::String(text)) => {
                Bound::text(text.inner().len() as u64 + SMALLEST)
            }
            Expr::Literal(_) | Expr::Unspecified => Bound::small(),
            Expr::Ident(name) => {
                let known = self.names.iter().rev().find(|(known, _)| known == name);
                // Nothing is copied.
                return Ok(known.map_or_else(Bound::small, |(_, bound)| bound.clone()));
            }
            Expr::Select(select) => {
                let of = self.walk(&select.operand)?;
                return Ok(if select.test { Bound::small() } else { of.field(&select.field) });
            }
            Expr::Call(call) => {
                let target = call.target.as_deref().map(|target| self.walk(target)).transpose()?;
                let args = call.args.iter().map(|arg| self.walk(arg));
                let args = args.collect::<Result<Vec<_>, _>>()?;
                return self.call(&call.func_name, target, args);
            }
            Expr::List(list) => {
                let each = list.elements.iter().map(|element| self.walk(element));
                let each = each.collect::<Result<Vec<_>, _>>()?;
                let bytes = each.iter().map(Bound::bytes).fold(SMALLEST, u64::saturating_add);
                let length = each.len() as u64;
                let element = each.into_iter().reduce(Bound::or).map(Box::new);
                Bound::Most { bytes, length, element }
            }
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr))?,
            Expr::Struct(all) => self.entries(all.entries.iter().map(|entry| &entry.expr))?,
            Expr::Comprehension(all) => self.comprehension(all)?,
        };
        self.spend(found.bytes())?;
        Ok(found)
    }

    fn entries<'e>(
        &mut self,
        entries: impl Iterator<Item = &'e EntryExpr>,
    ) -> Result<Bound<'v>, EvaluateError> {
        let (mut bytes, mut length, mut element) = (SMALLEST, 0, None::<Bound<'v>>);
        for entry in entries {
            let (key, value) = match entry {
                EntryExpr::StructField(field) => (Bound::small(), self.walk(&field.value)?),
                EntryExpr::MapEntry(entry) => (self.walk(&entry.key)?, self.walk(&entry.value)?),
            };
            bytes = bytes.saturating_add(key.bytes()).saturating_add(value.bytes());
            length += 1;
            element = Some(element.map_or(value.clone(), |element| element.or(value)));
        }
        Ok(Bound::Most { bytes, length, element: element.map(Box::new) })
    }

    fn call(
        &mut self,
        name: &str,
        target: Option<Bound<'v>>,
        args: Vec<Bound<'v>>,
    ) -> Result<Bound<'v>, EvaluateError> {
        let all = target.into_iter().chain(args);
        let found = match name {
            op::CONDITIONAL => all.skip(1).reduce(Bound::or).unwrap_or_else(Bound::small),
            op::INDEX => {
                let mut all = all;
                all.next().map_or_else(Bound::small, |of| of.element())
            }
            // All that is read is counted, and what is made is no larger than that.
            _ => {
                let both = all.reduce(Bound::and).unwrap_or_else(Bound::small);
                self.spend(both.bytes())?;
                match name {
                    op::ADD => both,
                    // Texts of numbers and times are longer than they are.
                    _ => Bound::text(both.bytes().saturating_add(64)),
                }
            }
        };
        self.spend(SMALLEST)?;
        Ok(found)
    }

    fn comprehension(&mut self, all: &ComprehensionExpr) -> Result<Bound<'v>, EvaluateError> {
        let range = self.walk(&all.iter_range)?;
        let (length, begin) = (range.length(), self.walk(&all.accu_init)?);
        let (names, times) = (self.names.len(), self.times);
        self.names.push((all.iter_var.clone(), range.visited()));
        // What a step adds; nothing in a macro takes twice what there is.
        self.names.push((all.accu_var.clone(), Bound::text(0)));
        self.times = times.saturating_mul(length);
        if length > 0 {
            self.walk(&all.loop_cond)?;
            let step = self.walk(&all.loop_step)?;
            self.names.truncate(names);
            self.times = times;
            let result = begin.and(step.times(length));
            self.names.push((all.accu_var.clone(), result));
        } else {
            self.names.truncate(names);
            self.times = times;
            self.names.push((all.accu_var.clone(), begin));
        }
        let result = self.walk(&all.result)?;
        self.names.truncate(names);
        Ok(result)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), EvaluateError> {
        self.work = self.work.saturating_add(bytes.saturating_mul(self.times));
        self.steps = self.steps.saturating_add(self.times);
        if bytes > MOST_BYTES || self.work > MOST_WORK || self.steps > MOST_STEPS {
            return Err(EvaluateError::TooMuch);
        }
        Ok(())
    }
}
