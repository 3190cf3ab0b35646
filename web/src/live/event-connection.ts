import { createParser } from "eventsource-parser";

import { isGatewayStatus } from "../api/outage";

import { CONNECTING, type StreamState } from "./stream-state";

export interface ConnectionHandlers {
  onState: (state: StreamState) => void;
  onEvent: (name: string, id: string | undefined, data: unknown) => void;
}

const FIRST_PAUSE_MS = 1000;
/** Between two attempts at a server that answers but refuses the stream: it has too many. */
const LONGEST_PAUSE_MS = 30_000;
/** Between two attempts at a server that does not answer: a page is live within 3 s of its return. */
export const LONGEST_AWAY_MS = 2500;
/** The server says something every 30 s: a connection that is silent for longer is dead. */
export const SILENCE_MS = 45_000;

/**
 * One connection to /api/events/stream that comes back by itself, with backoff and jitter.
 *
 * It is read by `fetch` and not by an EventSource, which cannot be told a Last-Event-ID: so a
 * connection can go on where another one, of another tab or another project, has stopped.
 */
export class EventConnection {
  private abort = new AbortController();
  private wake: () => void = () => {};
  private pause = FIRST_PAUSE_MS;
  private closed = false;
  private scope: string | undefined;

  constructor(
    private readonly handlers: ConnectionHandlers,
    /** Of the last event that came. */
    public lastId?: string,
  ) {}

  /** Only events of this project; of all, if it is undefined. */
  open(scope: string | undefined): void {
    this.scope = scope;
    globalThis.addEventListener?.("online", this.hurry);
    void this.keep();
  }

  /** Another project: the stream is opened again and loses nothing. */
  rescope(scope: string | undefined): void {
    if (scope === this.scope) return;
    this.scope = scope;
    this.pause = 0;
    this.abort.abort();
    this.wake();
  }

  /** Ends a pause between two attempts; the pauses begin short again. */
  readonly hurry = (): void => {
    this.pause = FIRST_PAUSE_MS;
    this.wake();
  };

  close(): void {
    this.closed = true;
    globalThis.removeEventListener?.("online", this.hurry);
    this.abort.abort();
    this.wake();
  }

  private async keep(): Promise<void> {
    while (!this.closed) {
      this.abort = new AbortController();
      const state = await this.attempt(this.abort.signal);
      if (this.closed) return;
      await this.rest(this.abort.signal.aborted ? undefined : state);
    }
  }

  /** Reads until the stream ends; how events come from then on. */
  private async attempt(signal: AbortSignal): Promise<StreamState> {
    // Without a project of their own, tabs may have different ones: all that one may see, and they filter.
    const query = this.scope ? `?project_id=${encodeURIComponent(this.scope)}` : "?visible=true";
    try {
      const answer = await fetch(`/api/events/stream${query}`, {
        headers: { accept: "text/event-stream", ...(this.lastId !== undefined && { "last-event-id": this.lastId }) },
        cache: "no-store",
        signal,
      });
      const streams = answer.headers.get("content-type")?.startsWith("text/event-stream");
      if (isGatewayStatus(answer.status)) return { ...CONNECTING, state: "offline" };
      if (!answer.ok || !streams || !answer.body) return { ...CONNECTING, state: "polling" };
      await this.read(answer.body);
      return CONNECTING;
    } catch {
      // Cut off while it was read, or never answered: the next attempt tells.
      return { ...CONNECTING, state: "offline" };
    }
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        if (id !== undefined) this.lastId = id;
        this.take(event ?? "message", id, JSON.parse(data));
      },
    });
    const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
    let silence: ReturnType<typeof setTimeout> | undefined;
    try {
      for (;;) {
        silence = setTimeout(() => void reader.cancel().catch(() => {}), SILENCE_MS);
        const { done, value } = await reader.read();
        clearTimeout(silence);
        if (done) return;
        parser.feed(value);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private take(name: string, id: string | undefined, data: unknown): void {
    if (name === "connected") {
      this.pause = FIRST_PAUSE_MS;
      // The first of a stream, or another bus has taken over.
      const { connected, bus, degraded } = data as { connected: boolean; bus: string; degraded: boolean };
      this.handlers.onState({ state: connected ? "live" : "polling", bus, degraded, retryAt: null });
    }
    this.handlers.onEvent(name, id, data);
  }

  /** The pause before the next attempt. `state` is told first, with the time of that attempt. */
  private async rest(state: StreamState | undefined): Promise<void> {
    const longest = state?.state === "polling" ? LONGEST_PAUSE_MS : LONGEST_AWAY_MS;
    // Jitter, so that all pages of a server do not come back at one moment.
    const ms = Math.min(this.pause, longest) * (0.5 + Math.random() / 2);
    if (state) this.handlers.onState({ ...state, retryAt: Date.now() + ms });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => {};
    this.pause = Math.min(Math.max(this.pause * 2, FIRST_PAUSE_MS), longest);
  }
}
