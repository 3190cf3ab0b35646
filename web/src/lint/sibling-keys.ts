import ts from "typescript";

/**
 * Places where one JSX parent has two children with computed keys. The keys may be equal, and then React
 * keeps a child of the subject before: its fields write into the wrong record. One keyed Fragment around
 * both, or a wrapper, is the way out. Lists made by `map` are one child and have their own check: React's
 * warning, which fails every test.
 */
export function siblingKeys(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxElement(node) || ts.isJsxFragment(node)) {
      const keyed = node.children.flatMap(elementsOf).filter(hasComputedKey);
      if (keyed.length > 1) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${file}:${line + 1}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Opening = ts.JsxOpeningElement | ts.JsxSelfClosingElement;

/** The elements that a child may become: itself, or the branches of a condition. */
function elementsOf(node: ts.Node | undefined): Opening[] {
  if (!node) return [];
  if (ts.isJsxElement(node)) return [node.openingElement];
  if (ts.isJsxSelfClosingElement(node)) return [node];
  if (ts.isJsxExpression(node) || ts.isParenthesizedExpression(node)) return elementsOf(node.expression);
  if (ts.isBinaryExpression(node)) return elementsOf(node.right);
  // Only one branch is there at a time.
  if (ts.isConditionalExpression(node))
    return [...elementsOf(node.whenTrue), ...elementsOf(node.whenFalse)].filter(hasComputedKey).slice(0, 1);
  return [];
}

function hasComputedKey(opening: Opening): boolean {
  return opening.attributes.properties.some(
    (each) =>
      ts.isJsxAttribute(each) &&
      each.name.getText() === "key" &&
      each.initializer !== undefined &&
      !ts.isStringLiteral(each.initializer),
  );
}
