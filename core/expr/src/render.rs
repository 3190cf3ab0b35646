//! Parts of an expression as people write them, for messages.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

/// A path such as `output.items[0].id`; `None` for what is no path.
pub(crate) fn path(expr: &IdedExpr) -> Option<String> {
    match &expr.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [of, at] = call.args.as_slice() else { return None };
            let at = match &at.expr {
                Expr::Literal(LiteralValue::Int(nth)) => nth.inner().to_string(),
                Expr::Literal(LiteralValue::String(key)) => format!("{:?}", key.inner()),
                _ => path(at)?,
            };
            Some(format!("{}[{at}]", path(of)?))
        }
        _ => None,
    }
}

/// The same, or words for what is no path.
pub(crate) fn named(expr: &IdedExpr) -> String {
    path(expr).map_or_else(|| "a part of it".into(), |path| format!("`{path}`"))
}
