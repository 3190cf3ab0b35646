import { choices, type JsonSchema, properties, text } from "../../schema/json-schema";

/** An input that narrows a view. */
export interface Filter {
  name: string;
  title: string;
  description?: string;
  kind: "choice" | "boolean" | "number" | "time" | "text";
  /** Of a choice. */
  choices: string[];
  /** A number's step. */
  step?: number | "any";
}

export function filtersOf(filterSchema: JsonSchema): Filter[] {
  return properties(filterSchema).map(([name, schema]) => {
    const list = choices(schema)?.map(({ value }) => String(value)) ?? [];
    const number = schema.type === "integer" || schema.type === "number";
    return {
      name,
      title: text(schema.title) ?? name,
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
