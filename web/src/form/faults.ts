import type { OutputUnit } from "@cfworker/json-schema";

import { isObject, pointed, unescaped } from "../schema/json-schema";
import { UNPARSED } from "./prepare";

export type Translate = (key: string, values?: Record<string, unknown>) => string;

export interface Fault {
  path: string[];
  message: string;
}

/** Only say that something further down does not fit. */
const ABOVE = [
  "properties",
  "patternProperties",
  "items",
  "prefixItems",
  "additionalProperties",
  "$ref",
  "allOf",
  "if",
];
const WORDED = [
  "required",
  "type",
  "enum",
  "const",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "uniqueItems",
  "pattern",
  "format",
  "anyOf",
  "oneOf",
  "false",
];

/** What the validator found, in words and at the field it belongs to; nothing for what only repeats. */
export function faultOf(unit: OutputUnit, schema: unknown, t: Translate): Fault | undefined {
  if (ABOVE.includes(unit.keyword)) return undefined;
  // Of alternatives, that none fits is enough.
  if (/\/(anyOf|oneOf)\/./.test(unit.keywordLocation)) return undefined;
  const path = unit.instanceLocation.split("/").slice(1).map(unescaped);
  const missing = unit.keyword === "required" ? /property "(.*)"/.exec(unit.error)?.[1] : undefined;
  if (missing !== undefined) path.push(missing);
  const limit = limitOf(unit.keywordLocation, schema);
  if (unit.keyword === "not" && limit.includes(UNPARSED)) return { path, message: t("form.faults.json") };
  return { path, message: WORDED.includes(unit.keyword) ? t(`form.faults.${unit.keyword}`, { limit }) : unit.error };
}

/** The keyword's own value; its place leads through `$ref`s. */
function limitOf(place: string, schema: unknown): string {
  let at = schema;
  for (const part of place.split("/").slice(1)) {
    const next: unknown =
      isObject(at) || Array.isArray(at) ? (at as Record<string, unknown>)[unescaped(part)] : undefined;
    at = part === "$ref" && typeof next === "string" ? pointed(schema, next) : next;
  }
  if (Array.isArray(at)) return at.join(", ");
  return typeof at === "string" ? at : JSON.stringify(at);
}

/** Where the host says a fault is: `params/sources/0/kind: "x" is not one of ...`. */
export function hostFault(message: string): Fault | undefined {
  const found = /^(?:params|body)((?:\/[^:\s]*)?): (.*)$/s.exec(message);
  if (!found) return undefined;
  const [, pointer = "", words = message] = found;
  return { path: pointer.split("/").slice(1).map(unescaped), message: words };
}
