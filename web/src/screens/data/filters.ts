import { choices, type JsonSchema, properties, text } from "../../schema/json-schema";
import type { Column } from "./columns";
import { titledBy, wordOf } from "./titles";

/** An input that narrows a view. */
export interface Filter {
  name: string;
  title: string;
  description?: string;
  kind: "choice" | "boolean" | "number" | "time" | "text";
  /** Of a choice. */
  choices: { value: string; title: string }[];
  /** A number's step. */
  step?: number | "any";
}

/** A filter named as a column with few values is a list of these, whatever its own schema says. */
export function filtersOf(filterSchema: JsonSchema, columns: Column[] = []): Filter[] {
  return properties(filterSchema).map(([name, schema]) => {
    const known =
      choices(schema) ?? columns.find((column) => column.name === name && column.kind === "choice")?.choices;
    const list = known?.map(({ value, title }) => ({ value: String(value), title: title ?? wordOf(value) })) ?? [];
    const number = schema.type === "integer" || schema.type === "number";
    return {
      name,
      title: titledBy(schema, name, schema.format === "date-time"),
      description: text(schema.description),
      kind:
        list.length > 0
          ? "choice"
          : schema.type === "boolean"
            ? "boolean"
            : number
              ? "number"
              : schema.format === "date-time"
                ? "time"
                : "text",
      choices: list,
      ...(number && { step: schema.type === "integer" ? 1 : ("any" as const) }),
    };
  });
}
