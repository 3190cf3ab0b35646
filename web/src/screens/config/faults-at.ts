import type { Diagnostic } from "../../api/types";

/** Those of a key, and of what is below it. */
export function faultsAt(diagnostics: Diagnostic[], ...path: string[]): Diagnostic[] {
  const key = path.join(".");
  return diagnostics.filter((each) => each.key === key || each.key.startsWith(`${key}.`));
}

export const isError = ({ severity }: Diagnostic) => severity === "error";
