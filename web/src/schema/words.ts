import { isObject, type JsonSchema, text } from "./json-schema";

interface Words {
  title: string;
  description?: string;
}

/** What the host calls a key of jobs.toml in a language: English, or what stands under `x-` and its name. */
export function wordsOf(schema: JsonSchema, language: string): Words {
  const other = schema[`x-${language}`];
  const words = isObject(other) ? other : schema;
  return { title: text(words.title) ?? "", description: text(words.description) };
}
