import { text } from "../../schema/json-schema";

/** Words that are written in capitals. */
const CAPITALS = new Set(["id", "url", "uri", "api", "cpu", "ip", "http", "https", "ms", "utc", "sla"]);

/** A name in code as a reader writes it: `last_message_at` is `Last message`, `httpStatus` is `HTTP status`. */
export function titleOf(name: string, { time = false } = {}): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[_\s./-]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());
  // What stands below is a time: "at" says nothing more.
  if (time && words.length > 1 && words.at(-1) === "at") words.pop();
  const shown = words.map((word) => (CAPITALS.has(word) ? word.toUpperCase() : word)).join(" ");
  return shown === "" ? name : shown[0]?.toUpperCase() + shown.slice(1);
}

/** A value of an enumeration as a word: `deadline_risk` is `Deadline risk`; what is no name in code stays as it is. */
export function wordOf(value: unknown): string {
  const given = String(value);
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(given) ? titleOf(given) : given;
}

/** The title that a schema gives, or one made of the name. */
export const titledBy = (schema: Record<string, unknown>, name: string, time = false): string =>
  text(schema.title) ?? titleOf(name, { time });
