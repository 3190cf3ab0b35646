// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EventConnection, LONGEST_AWAY_MS, SILENCE_MS } from "./event-connection";

const STREAM = { "content-type": "text/event-stream" };
const CONNECTED = 'id: 4\nevent: connected\ndata: {"connected":true,"bus":"redis","degraded":false}\n\n';
const job = (id: number) => `id: ${id}\nevent: job_completed\ndata: {"job_type":"sync"}\n\n`;

/** A request that was made, and the way to answer it bit by bit. */
interface Request {
  url: string;
  lastId: string | undefined;
  signal: AbortSignal;
  send: (text: string) => void;
  end: () => void;
}

let requests: Request[];
let refuse: (() => Response) | undefined;
let states: string[];
let retries: (number | null)[];
let events: string[];
let connection: EventConnection;

beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  refuse = undefined;
  states = [];
  retries = [];
  events = [];
  vi.stubGlobal(
    "fetch",
    async (url: string, init: RequestInit & { headers: Record<string, string>; signal: AbortSignal }) => {
      let send = (_: string) => {};
      let end = () => {};
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          send = (text) => controller.enqueue(new TextEncoder().encode(text));
          end = () => controller.close();
          init.signal.addEventListener("abort", () => controller.error(new Error("aborted")));
        },
      });
      requests.push({ url, lastId: init.headers["last-event-id"], signal: init.signal, send, end });
      return refuse ? refuse() : new Response(body, { headers: STREAM });
    },
  );
  connection = new EventConnection({
    onState: ({ state, bus, retryAt }) => {
      states.push(bus ? `${state} ${bus}` : state);
      retries.push(retryAt);
    },
    onEvent: (name, id) => events.push(id === undefined ? name : `${name} ${id}`),
  });
});
afterEach(() => {
  connection.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(1);
const later = () => vi.advanceTimersByTimeAsync(1100);

describe("EventConnection", () => {
  it("reads events however they are cut into pieces", async () => {
    connection.open(undefined);
    await settle();
    expect(requests[0]).toMatchObject({ url: "/api/events/stream?visible=true", lastId: undefined });
    const text = `${CONNECTED}${job(5)}:heartbeat\n\n`;
    for (const piece of text.match(/[\s\S]{1,7}/g) ?? []) requests[0]?.send(piece);
    await settle();
    expect(events).toEqual(["connected 4", "job_completed 5"]);
    expect(states).toEqual(["live redis"]);
  });

  it("goes on after the last id when it was cut off", async () => {
    connection.open(undefined);
    await settle();
    requests[0]?.send(CONNECTED + job(7));
    await settle();
    requests[0]?.end();
    await later();
    expect(requests[1]?.lastId).toBe("7");
    expect(states).toEqual(["live redis", "connecting"]);
  });

  it("goes on after the last id with another project", async () => {
    connection.open("a");
    await settle();
    requests[0]?.send(CONNECTED + job(7));
    await settle();
    connection.rescope(undefined);
    await settle();
    expect(requests.map(({ url }) => url)).toEqual([
      "/api/events/stream?project_id=a",
      "/api/events/stream?visible=true",
    ]);
    expect(requests[0]?.signal.aborted).toBe(true);
    expect(requests[1]?.lastId).toBe("7");
    expect(states).toEqual(["live redis"]);
  });

  it("tells a server that refuses from one that is not there", async () => {
    refuse = () => new Response("no", { status: 503 });
    connection.open(undefined);
    await settle();
    expect(states).toEqual(["polling"]);
    refuse = () => {
      throw new TypeError("network");
    };
    await later();
    expect(states).toEqual(["polling", "offline"]);
  });

  it("looks for a server that is away every 2.5 s at most, however long it is away", async () => {
    refuse = () => {
      throw new TypeError("network");
    };
    connection.open(undefined);
    await vi.advanceTimersByTimeAsync(120_000);
    const soFar = requests.length;
    await vi.advanceTimersByTimeAsync(LONGEST_AWAY_MS + 1);
    expect(requests.length).toBeGreaterThan(soFar);
    refuse = undefined;
    const before = Date.now();
    while (states.at(-1) !== "live redis" && Date.now() - before < 10_000) {
      await vi.advanceTimersByTimeAsync(100);
      requests.at(-1)?.send(CONNECTED);
    }
    expect(Date.now() - before).toBeLessThanOrEqual(3000);
  });

  it("tells when the next attempt begins, and begins it then", async () => {
    refuse = () => new Response("", { status: 502 });
    connection.open(undefined);
    await settle();
    expect(states).toEqual(["offline"]);
    const at = retries.at(-1) ?? 0;
    expect(at).toBeGreaterThan(Date.now());
    await vi.advanceTimersByTimeAsync(at - Date.now() - 1);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(requests).toHaveLength(2);
  });

  it("does not wait when somebody looks", async () => {
    refuse = () => new Response("no", { status: 503 });
    connection.open(undefined);
    await settle();
    connection.hurry();
    await settle();
    expect(requests).toHaveLength(2);
  });

  it("gives up a connection that is silent for too long", async () => {
    connection.open(undefined);
    await settle();
    requests[0]?.send(CONNECTED);
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 10);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1200);
    expect(requests).toHaveLength(2);
  });
});
