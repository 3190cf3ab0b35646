import type { Completions, JobType } from "../../../api/types";
import { choices, isObject, type JsonSchema, properties, resolved, text } from "../../../schema/json-schema";
import { type Place, placeAt } from "./place";

/** What the editor knows of jobs.toml: the keys the host reads, and the names that exist. */
export interface Facts extends Completions {
  types: JobType[];
}

export interface Suggestion {
  label: string;
  /** What is put in, with `${}` where writing goes on; the label if absent. */
  template?: string;
  kind: "table" | "key" | "name" | "value";
  /** A word on what it is. */
  detail?: string;
  help?: string;
}

export interface Suggestions {
  from: number;
  options: Suggestion[];
}

const SPANS = ["30s", "5m", "15m", "1h", "1d"];
/** Tables whose keys are names of jobs, and what their lists hold. */
const CHAINS = "CASCADE_CHAINS";
const JOINS = "CASCADE_JOINS";
const DATA_MAP = "JOB_TO_DATA_MAP";

export function suggestionsAt(text: string, position: number, facts: Facts): Suggestions | undefined {
  const place = placeAt(text, position);
  if (!place) return undefined;
  const options = of(place, facts);
  return options.length > 0 ? { from: place.from, options } : undefined;
}

function of(place: Place, facts: Facts): Suggestion[] {
  if (place.kind === "value") return valuesOf(place, facts);
  return place.kind === "header" ? headersIn(place.path, facts) : keysIn(place, facts);
}

function headersIn(path: string[], facts: Facts): Suggestion[] {
  const below = facts.keys.filter((key) => key.type === "table" && within(key.path, path));
  return below.flatMap(({ path: pattern, description }) => {
    const name = pattern.split(".")[path.length] ?? "";
    const help = { kind: "table", help: description } as const;
    if (name !== "*") return [{ label: name, ...help }];
    return namesIn(path, facts).map((label) => ({ label, ...help, ...describedJob(path, label, facts) }));
  });
}

function keysIn({ path, quoted }: Place, facts: Facts): Suggestion[] {
  const params = paramsSchema(path, facts);
  if (params) {
    return properties(params.type === "array" ? { ...defs(params), ...resolved(params.items, params) } : params).map(
      ([label, schema]) => ({
        label,
        kind: "key",
        detail: text(schema.type),
        help: text(schema.description),
        template: quoted ? undefined : `${label} = ${empty(String(schema.type))}`,
      }),
    );
  }
  const below = facts.keys.filter((key) => within(key.path, path));
  return below.flatMap(({ path: pattern, type, description }) => {
    const name = pattern.split(".")[path.length] ?? "";
    const template = (label: string) => (quoted ? undefined : `${label} = ${empty(type)}`);
    if (name !== "*") return [{ label: name, kind: "key", detail: type, help: description, template: template(name) }];
    return namesIn(path, facts).map(
      (label): Suggestion => ({
        label,
        kind: "name",
        help: description,
        template: template(label),
        ...describedJob(path, label, facts),
      }),
    );
  });
}

function valuesOf({ path, quoted, before = [] }: Place, facts: Facts): Suggestion[] {
  const key = keyAt(path, facts);
  const words = (labels: string[], of?: (label: string) => Partial<Suggestion>): Suggestion[] =>
    labels
      .filter((label) => !before.includes(label))
      .map((label) => ({ label, kind: "value", ...(!quoted && { template: `"${label}"` }), ...of?.(label) }));
  const plain = (labels: string[]): Suggestion[] => (quoted ? [] : labels.map((label) => ({ label, kind: "value" })));
  const params = paramsSchema(path, facts);
  if (params) {
    const schema = params.type === "array" && isObject(params.items) ? resolved(params.items, params) : params;
    if (schema.type === "boolean") return plain(["true", "false"]);
    const texts = choices(schema)?.filter(({ value }) => typeof value === "string") ?? [];
    return words(
      texts.map(({ value }) => String(value)),
      (label) => ({
        help: texts.find(({ value }) => value === label)?.description,
      }),
    );
  }
  if (namesJobs(path)) {
    const others = facts.jobs.filter((job) => job !== path[1]);
    return words(others, (job) => describedJob(["jobs"], job, facts));
  }
  if (path.length === 2 && path[0] === DATA_MAP) return words(facts.data_keys);
  if (key?.type === "time_zone") return words(facts.time_zones);
  if (key?.type === "boolean") return plain(["true", "false"]);
  return key?.type === "duration" ? words(SPANS) : [];
}

/** Whether a list holds names of jobs: those that a job triggers, or those that it waits for. */
const namesJobs = ([table, ...rest]: string[]) =>
  (table === CHAINS && rest.length === 1) || (table === JOINS && rest.length === 2 && rest[1] === "all_of");

/** Help for the word at a position: a key's meaning, or what a job does. */
export function helpAt(
  source: string,
  position: number,
  facts: Facts,
): { from: number; to: number; title: string; help: string } | undefined {
  const rest = /^[\w-]*/.exec(source.slice(position))?.[0] ?? "";
  const to = position + rest.length;
  const place = placeAt(source, to);
  if (!place || place.word === "") return undefined;
  const path = [...place.path, place.word];
  const found = (title: string, help: string | undefined) => help && { from: place.from, to, title, help };
  if (place.kind === "value") {
    const isJob = path[0] === CHAINS || namesJobs(place.path);
    return found(place.word, isJob ? jobNamed(place.word, facts)?.description : undefined) || undefined;
  }
  const own = paramsSchema(path, facts);
  const key = keyAt(path, facts);
  const job = path.length === 2 ? describedJob(place.path, place.word, facts).help : undefined;
  return found(path.join("."), job ?? text(own?.description) ?? key?.description) || undefined;
}

/** Whether a pattern such as `jobs.*.every` is of a key that stands directly in the table at `path`. */
function within(pattern: string, path: string[]): boolean {
  const parts = pattern.split(".");
  return parts.length === path.length + 1 && path.every((name, at) => parts[at] === "*" || parts[at] === name);
}

function keyAt(path: string[], facts: Facts) {
  const fits = facts.keys.filter(({ path: pattern }) => {
    const last = pattern.split(".").at(-1);
    return within(pattern, path.slice(0, -1)) && (last === "*" || last === path.at(-1));
  });
  return fits.find(({ path: pattern }) => !pattern.endsWith("*")) ?? fits[0];
}

function namesIn(path: string[], facts: Facts): string[] {
  if (path.length !== 1) return [];
  return path[0] === "projects" ? facts.projects : facts.jobs;
}

const jobNamed = (name: string, facts: Facts) => facts.types.find((type) => type.name === name);

function describedJob(path: string[], name: string, facts: Facts): { help?: string } {
  const help = path[0] === "projects" ? undefined : jobNamed(name, facts)?.description;
  return help ? { help } : {};
}

/** The schema of a job's params, or of a value within them. */
function paramsSchema([top, job = "", params, ...rest]: string[], facts: Facts): JsonSchema | undefined {
  const root = top === "jobs" && params === "params" ? jobNamed(job, facts)?.params_schema : undefined;
  return rest.reduce<JsonSchema | undefined>((at, name) => {
    if (!root || !at) return undefined;
    const table = at.type === "array" ? resolved(at.items, root) : at;
    const found = isObject(table.properties) ? table.properties[name] : table.additionalProperties;
    return isObject(found) ? { ...defs(root), ...resolved(found, root) } : undefined;
  }, root);
}

/** What `$ref`s further in point at. */
function defs({ $defs, definitions }: JsonSchema): JsonSchema {
  return { ...(isObject($defs) && { $defs }), ...(isObject(definitions) && { definitions }) };
}

function empty(type: string): string {
  if (type === "list" || type === "array") return "[${}]";
  if (type === "table" || type === "object") return "{ ${} }";
  if (["duration", "time_zone", "text", "string"].includes(type)) return '"${}"';
  return "${}";
}
