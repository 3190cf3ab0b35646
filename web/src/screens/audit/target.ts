import type { AuditEntry } from "../../api/types";

/** Where an entry leads: to a run, a job or a data key; or nowhere. */
export type Target = { kind: "run" | "job" | "data" | "text"; name: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function targetOf({ action, target }: Pick<AuditEntry, "action" | "target">): Target {
  const [area] = action.split(".");
  if (area === "run" && UUID.test(target)) return { kind: "run", name: target };
  if (action === "run.start" || action === "run.enqueue" || area === "job") return { kind: "job", name: target };
  // `key/action`: keys may hold slashes, actions do not.
  if (action === "data.act" && target.includes("/"))
    return { kind: "data", name: target.slice(0, target.lastIndexOf("/")) };
  return { kind: "text", name: target };
}

/** The detail to read, nothing if it says nothing. */
export function detailOf(text: string): string | undefined {
  try {
    const detail = JSON.parse(text) as unknown;
    const empty = detail === null || (typeof detail === "object" && Object.keys(detail).length === 0);
    return empty ? undefined : JSON.stringify(detail, null, 2);
  } catch {
    return text || undefined;
  }
}
