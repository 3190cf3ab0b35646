import { i18n } from "../i18n/translations";
import { takeEarly } from "./early";
import { theGuard } from "./guard";
import { OUTAGE_STATUS, Outage } from "./outage";
import { serverAway } from "./reachability";
import { noteServerTime } from "./server-clock";

/** A request that was answered with an error, in the host's own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly help?: string,
    /** The whole answer, where it says more. */
    readonly body?: unknown,
  ) {
    super(message);
  }
}

interface Refusal {
  error?: { message: string; help?: string };
}

async function request<T>(path: string, init: RequestInit = {}, mayRenew = true): Promise<T> {
  const token = init.method ? theGuard().csrfToken() : "";
  const headers = token ? { ...init.headers, "x-csrf-token": token } : init.headers;
  const asked = init.method ? undefined : takeEarly(path);
  const early = asked && (await asked);
  const answer =
    early ??
    (await fetch(`/api${path}`, { ...init, headers }).catch(() => {
      serverAway();
      throw new Outage(i18n.t("error.away"));
    }));
  // An early answer is older than it seems.
  if (!early) noteServerTime(answer.headers.get("date"));
  if (answer.status === 204) return undefined as T;
  if (answer.ok) return (await answer.json()) as T;
  const body = (await answer.json().catch(() => null)) as Refusal | null;
  const message = body?.error?.message ?? answer.statusText;
  if (OUTAGE_STATUS.includes(answer.status)) serverAway();
  // Another tab has signed in meanwhile: the token of now is another one.
  if (answer.status === 403 && mayRenew && /csrf/i.test(message)) {
    await theGuard().renew();
    return request(path, init, false);
  }
  // At /session itself it says that name, password or link are wrong.
  if (answer.status === 401 && !/^\/session(\/link)?$/.test(path)) theGuard().refused();
  throw new ApiError(answer.status, message, body?.error?.help, body);
}

/** A list is a parameter that is given once for each item. */
type QueryValue = string | number | string[] | undefined;

export function get<T>(path: string, query: Record<string, QueryValue> = {}): Promise<T> {
  const each = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const));
  const given = each.filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return request<T>(search.size > 0 ? `${path}?${search}` : path);
}

export const post = <T>(path: string, body: unknown): Promise<T> => send("POST", path, body);

export const put = <T>(path: string, body: unknown): Promise<T> => send("PUT", path, body);

export const patch = <T>(path: string, body: unknown): Promise<T> => send("PATCH", path, body);

export const remove = (path: string): Promise<void> => request(path, { method: "DELETE" });

function send<T>(method: string, path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
