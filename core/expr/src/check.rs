//! Checks an expression against what is known before any run. CEL's own checker knows protocol buffers, not
//! JSON Schemas: this one walks the tree.

use cel::common::ast::{
    ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators as op,
};
use serde_json::Value;

use crate::{
    Expression, Fault, functions,
    render::{named, path},
    shape::{Fields, Items, Node, Type, UNKNOWN},
};

/// The JSON Schemas of what an expression sees; `None` where there is none, as for a plugin that is not
/// loaded.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'s> {
    /// Of `output`.
    pub output: Option<&'s Value>,
    /// Of `args`.
    pub args: Option<&'s Value>,
    /// Of `run`.
    pub run: &'s Value,
    /// The list that `item` is an element of, if the expression sees one.
    pub each: Option<&'s Expression>,
}

/// What the value of an expression must be.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'s> {
    /// `true` or `false`.
    Boolean,
    /// A text.
    Text,
    /// A list.
    List,
    /// What this property of the schema takes.
    Property(&'s Value, &'s str),
}

/// What came of a check that found no fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Fields and results of which nothing can be known before a run.
    pub unknown: usize,
}

pub(crate) fn check(
    tree: &IdedExpr,
    scope: &Scope,
    wanted: &Wanted,
) -> Result<Checked, Vec<Fault>> {
    let names = vec![
        ("output".to_owned(), read(scope.output)),
        ("args".to_owned(), read(scope.args)),
        ("run".to_owned(), read(Some(scope.run))),
    ];
    check_over(tree, names, scope.each, wanted)
}

/// As [`check`], of things that have no run: by name, with their JSON Schemas where there are any.
pub(crate) fn check_named(
    tree: &IdedExpr,
    named: &[(&str, Option<&Value>)],
    wanted: &Wanted,
) -> Result<Checked, Vec<Fault>> {
    let names = named.iter().map(|(name, schema)| ((*name).to_owned(), read(*schema)));
    check_over(tree, names.collect(), None, wanted)
}

fn check_over<'s>(
    tree: &IdedExpr,
    names: Vec<(String, Type<'s>)>,
    each: Option<&'s Expression>,
    wanted: &Wanted,
) -> Result<Checked, Vec<Fault>> {
    let mut walk = Walk { names, faults: Vec::new(), unknown: 0 };
    if let Some(each) = each {
        let list = walk.walk(each.tree());
        // What is wrong with the list itself is told where it stands.
        (walk.faults, walk.unknown) = (Vec::new(), 0);
        let item = functions::element(&list).unwrap_or(Type::Any { told: true });
        walk.names.push(("item".to_owned(), item));
    }
    let found = walk.walk(tree);
    walk.expect(tree, found, wanted);
    if walk.faults.is_empty() { Ok(Checked { unknown: walk.unknown }) } else { Err(walk.faults) }
}

fn read(schema: Option<&Value>) -> Type<'_> {
    schema.map_or(UNKNOWN, |schema| Node::root(schema).read())
}

struct Walk<'s> {
    /// What can be named, the innermost last.
    names: Vec<(String, Type<'s>)>,
    faults: Vec<Fault>,
    unknown: usize,
}

impl<'s> Walk<'s> {
    fn fault(&mut self, fault: Fault) -> Type<'s> {
        self.faults.push(fault);
        // One fault of a value is enough.
        Type::Any { told: true }
    }

    /// Counts that nothing is known of a part.
    fn uncounted(&mut self, told: bool) -> Type<'s> {
        self.unknown += usize::from(!told);
        Type::Any { told: true }
    }

    fn walk(&mut self, expr: &IdedExpr) -> Type<'s> {
        match &expr.expr {
            Expr::Literal(literal) => of_literal(literal),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                let of = self.walk(&select.operand);
                let field = self.field(of, &select.operand, &select.field);
                if select.test { Type::Bool } else { field }
            }
            Expr::Call(call) => match &call.target {
                Some(target) => self.member(target, &call.func_name, &call.args),
                None => self.call(&call.func_name, &call.args),
            },
            Expr::List(list) => {
                let each =
                    list.elements.iter().map(|element| self.walk(element)).collect::<Vec<_>>();
                let each = each.into_iter().reduce(Type::or);
                Type::List(each.map_or(Items::None, |each| Items::Each(Box::new(each))))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key);
                        self.walk(&entry.value);
                    }
                }
                Type::Object(Fields::open())
            }
            Expr::Comprehension(all) => self.comprehension(all),
            Expr::Struct(all) => self
                .fault(Fault::new(format!("`{}` is no type that can be made here", all.type_name))),
            Expr::Unspecified => self.fault(Fault::new("the expression cannot be read")),
        }
    }

    fn name(&mut self, name: &str) -> Type<'s> {
        if let Some((_, found)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return found.clone();
        }
        if functions::GLOBAL.contains(&name)
            || name == "null_type"
            || name == "list"
            || name == "map"
        {
            return Type::Special("a type");
        }
        let known: Vec<_> = self.names.iter().map(|(name, _)| name.clone()).collect();
        let known = known.iter().filter(|name| !name.starts_with('@')).map(String::as_str);
        let fault = Fault::new(format!("there is no `{name}`"));
        let fault = suggest(fault, name, known.collect(), "an expression sees");
        self.fault(fault)
    }

    fn field(&mut self, of: Type<'s>, owner: &IdedExpr, name: &str) -> Type<'s> {
        match of.without_null() {
            Type::Any { told } => self.uncounted(told),
            Type::Object(fields) => match fields.get(name) {
                Some(found) => found,
                None if fields.closed => {
                    let fault = Fault::new(format!("{} has no field `{name}`", named(owner)));
                    let fault = suggest(fault, name, fields.names(), "it has");
                    self.fault(fault)
                }
                None => self.uncounted(false),
            },
            Type::Null if path(owner).as_deref() == Some("output") => self.fault(
                Fault::new(format!("there is no `output` to take `{name}` of"))
                    .help("the job has no output, or the edge is taken after a failure"),
            ),
            other => {
                let what = other.plain().unwrap_or("no object");
                self.fault(Fault::new(format!(
                    "{} is {what}: it has no field `{name}`",
                    named(owner)
                )))
            }
        }
    }

    fn call(&mut self, name: &str, args: &[IdedExpr]) -> Type<'s> {
        let types: Vec<_> = args.iter().map(|arg| self.walk(arg)).collect();
        match (name, args, types.as_slice()) {
            (op::CONDITIONAL, [condition, ..], [first, one, other]) => {
                self.boolean(condition, first);
                one.clone().or(other.clone())
            }
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, ..) => {
                for (arg, found) in args.iter().zip(&types) {
                    self.boolean(arg, found);
                }
                Type::Bool
            }
            (op::NOT_STRICTLY_FALSE, ..) => Type::Bool,
            (
                op::EQUALS
                | op::NOT_EQUALS
                | op::LESS
                | op::LESS_EQUALS
                | op::GREATER
                | op::GREATER_EQUALS,
                [one, other],
                [a, b],
            ) => {
                let with_null = matches!(name, op::EQUALS | op::NOT_EQUALS)
                    && (matches!(a, Type::Null) || matches!(b, Type::Null));
                if !with_null && !a.comparable(b) {
                    let (a, b) = (a.plain().unwrap_or_default(), b.plain().unwrap_or_default());
                    let (one, other) = (named(one), named(other));
                    let what =
                        format!("{one} is {a} and {other} is {b}: the two cannot be compared");
                    self.fault(Fault::new(what.replace("a part of it is", "one side is")));
                }
                Type::Bool
            }
            (op::IN, [_, list], [_, within]) => {
                if let Some(what) = within.plain().filter(|_| functions::element(within).is_none())
                {
                    let message = format!("{} is {what}: nothing is `in` it", named(list));
                    self.fault(Fault::new(message));
                }
                Type::Bool
            }
            (op::INDEX, [list, at], [of, index]) => self.element(of.clone(), list, at, index),
            (op::NEGATE, [arg], [found]) => match found {
                Type::Int | Type::Number => found.clone(),
                _ => self.numeric(arg, found),
            },
            (
                op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO,
                [one, other],
                [a, b],
            ) => self.arithmetic(name, (one, a), (other, b)),
            _ => match functions::global(name, types.first()) {
                Some(found) => found,
                None => {
                    let fault = Fault::new(format!("there is no function `{name}`"));
                    let fault = suggest(fault, name, functions::GLOBAL.to_vec(), "there is");
                    self.fault(fault)
                }
            },
        }
    }

    fn numeric(&mut self, arg: &IdedExpr, found: &Type<'s>) -> Type<'s> {
        match found.plain() {
            Some(what) => self.fault(Fault::new(format!("{} is {what}, not a number", named(arg)))),
            None => Type::Any { told: true },
        }
    }

    fn arithmetic(
        &mut self,
        operator: &str,
        (one, a): (&IdedExpr, &Type<'s>),
        (other, b): (&IdedExpr, &Type<'s>),
    ) -> Type<'s> {
        match (a, b) {
            (Type::Int, Type::Int) => Type::Int,
            // Which of the two a number is, only its value says.
            (Type::Int | Type::Number, Type::Int | Type::Number) => Type::Number,
            (Type::Text, Type::Text) if operator == op::ADD => Type::Text,
            (Type::List(_), Type::List(_)) if operator == op::ADD => a.clone().or(b.clone()),
            (Type::Special(_), _) | (_, Type::Special(_)) => Type::Any { told: true },
            _ => match (a.plain(), b.plain()) {
                (Some(a), Some(b)) => {
                    let operator = operator.trim_matches('_');
                    let (one, other) = (named(one), named(other));
                    let what = format!("`{operator}` does not take {a} ({one}) and {b} ({other})");
                    self.fault(Fault::new(what.replace(" (a part of it)", "")))
                }
                _ => Type::Any { told: true },
            },
        }
    }

    fn boolean(&mut self, expr: &IdedExpr, found: &Type<'s>) {
        if let Some(what) = found.plain().filter(|_| !matches!(found, Type::Bool)) {
            self.fault(Fault::new(format!("{} is {what}, not true or false", named(expr))));
        }
    }

    fn element(&mut self, of: Type<'s>, owner: &IdedExpr, at: &IdedExpr, index: &Type) -> Type<'s> {
        match (of.without_null(), &at.expr) {
            (Type::Any { told }, _) => self.uncounted(told),
            (Type::List(_), _) if index.plain().is_some_and(|_| !matches!(index, Type::Int)) => {
                let what = index.plain().unwrap_or_default();
                self.fault(Fault::new(format!(
                    "{} is a list: {what} is no place in it",
                    named(owner)
                )))
            }
            (Type::List(items), _) => items.read(),
            (object @ Type::Object(_), Expr::Literal(LiteralValue::String(key))) => {
                self.field(object, owner, key.inner())
            }
            (Type::Object(_), _) => self.uncounted(false),
            (other, _) => {
                let what = other.plain().unwrap_or("no list");
                self.fault(Fault::new(format!("{} is {what}: it has no elements", named(owner))))
            }
        }
    }

    fn member(&mut self, target: &IdedExpr, name: &str, args: &[IdedExpr]) -> Type<'s> {
        let of = self.walk(target);
        // Its arguments may be meant as names that only it knows.
        let Some(found) = functions::member(name) else {
            let fault = Fault::new(format!("there is no function `{name}` of a value"));
            let fault = suggest(fault, name, functions::MEMBERS.to_vec(), "there is");
            return self.fault(fault);
        };
        for arg in args {
            self.walk(arg);
        }
        if !functions::takes(name, &of) {
            let what = of.plain().unwrap_or_default();
            let message = format!("{} is {what}: it has no function `{name}`", named(target));
            return self.fault(Fault::new(message));
        }
        found
    }

    fn comprehension(&mut self, all: &ComprehensionExpr) -> Type<'s> {
        let over = self.walk(&all.iter_range);
        let element = match functions::element(&over) {
            Some(Type::Any { told }) => self.uncounted(told),
            Some(element) => element,
            None => {
                let what = over.plain().unwrap_or("no list");
                self.fault(Fault::new(format!("{} is {what}, not a list", named(&all.iter_range))))
            }
        };
        let begin = self.walk(&all.accu_init);
        let names = self.names.len();
        self.names.push((all.iter_var.clone(), element));
        self.names.push((all.accu_var.clone(), begin.clone()));
        self.walk(&all.loop_cond);
        let step = self.walk(&all.loop_step);
        self.names.truncate(names);
        self.names.push((all.accu_var.clone(), begin.or(step)));
        let result = self.walk(&all.result);
        self.names.truncate(names);
        result
    }

    fn expect(&mut self, tree: &IdedExpr, found: Type<'s>, wanted: &Wanted) {
        let (wanted, words) = match wanted {
            Wanted::Boolean => (Type::Bool, "true or false"),
            Wanted::Text => (Type::Text, "a text"),
            Wanted::List => (Type::List(Items::Each(Box::new(UNKNOWN))), "a list"),
            Wanted::Property(schema, name) => match Node::root(schema).read() {
                Type::Object(fields) => {
                    let wanted = fields.get(name).unwrap_or(UNKNOWN);
                    let words = wanted.plain().unwrap_or_default();
                    (wanted, words)
                }
                _ => (UNKNOWN, ""),
            },
        };
        let fits = match (found.plain(), wanted.plain()) {
            (Some(_), Some("a number")) => matches!(found, Type::Int | Type::Number),
            (Some(a), Some(b)) => a == b || (a == "a number" && b == "a whole number"),
            _ => {
                if !matches!(found, Type::Any { told: true }) {
                    self.unknown += 1;
                }
                true
            }
        };
        if !fits && self.faults.is_empty() {
            let what = found.plain().unwrap_or_default();
            let whole = path(tree).map_or_else(|| "its value".into(), |path| format!("`{path}`"));
            let mut fault = Fault::new(format!("{whole} is {what}, not {words}"));
            if matches!(wanted, Type::Text)
                && matches!(found, Type::Int | Type::Number | Type::Bool)
            {
                fault = fault.help("write `string(..)` around it");
            }
            self.fault(fault);
        }
    }
}

fn of_literal(literal: &LiteralValue) -> Type<'static> {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Special("bytes"),
        LiteralValue::Double(_) => Type::Number,
        LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::Text,
    }
}

fn suggest(fault: Fault, wrong: &str, known: Vec<&str>, there_is: &str) -> Fault {
    match nearest(wrong, &known) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => fault,
        None => fault.help(format!("{there_is}: {}", known.join(", "))),
    }
}

/// The one that is a typing error or two away.
fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |name: &str| match strsim::damerau_levenshtein(wrong, name) {
        // Short names are told apart by few letters.
        1 if wrong.len() > 2 => 1.0,
        _ => strsim::jaro_winkler(wrong, name),
    };
    let near = known.iter().map(|name| (score(name), *name));
    near.filter(|(score, _)| *score > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}
