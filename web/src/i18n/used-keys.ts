import ts from "typescript";

/** The keys that a source file asks for: whole, or as patterns where a part is only known at run time. */
export interface Used {
  keys: Set<string>;
  /** `jobs.run_states.${state}` as the text before and after what is computed. */
  patterns: RegExp[];
  /** Every text in the file: a key may be kept in a table and asked for later. */
  texts: Set<string>;
}

/** Reads the calls of `t` (and `i18n.t`) in a source text. */
export function usedKeys(name: string, source: string): Used {
  const used: Used = { keys: new Set(), patterns: [], texts: new Set() };
  const file = ts.createSourceFile(
    name,
    source,
    ts.ScriptTarget.ES2022,
    true,
    name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) used.texts.add(node.text);
    if (ts.isCallExpression(node) && isT(node.expression) && node.arguments[0]) ask(node.arguments[0], used);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return used;
}

function isT(called: ts.Expression): boolean {
  const name = ts.isPropertyAccessExpression(called) ? called.name : called;
  return ts.isIdentifier(name) && name.text === "t";
}

function ask(key: ts.Expression, used: Used): void {
  if (ts.isStringLiteralLike(key)) used.keys.add(key.text);
  else if (ts.isParenthesizedExpression(key)) ask(key.expression, used);
  else if (ts.isConditionalExpression(key)) {
    ask(key.whenTrue, used);
    ask(key.whenFalse, used);
  } else if (ts.isTemplateExpression(key)) {
    const fixed = [key.head.text, ...key.templateSpans.map(({ literal }) => literal.text)];
    used.patterns.push(
      new RegExp(`^${fixed.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^.]+")}$`),
    );
  }
}
