import { isObject } from "../../schema/json-schema";

/** What the API shows in place of a secret. */
const MASK = "***";

/** The args of a run as a form may hold them: secrets are left out, and typed again. */
export function withoutSecrets(args: unknown): Record<string, unknown> {
  const kept = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((item) => item !== MASK).map(kept);
    return isObject(value) ? withoutSecrets(value) : value;
  };
  if (!isObject(args)) return {};
  const fields = Object.entries(args).filter(([, value]) => value !== MASK);
  return Object.fromEntries(fields.map(([name, value]) => [name, kept(value)]));
}
