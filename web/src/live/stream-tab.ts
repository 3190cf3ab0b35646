import { own } from "./stream-owner";
import { CHANNEL, type FromOwner, type FromTab, type Said } from "./stream-protocol";
import { CONNECTING, type StreamState } from "./stream-state";

export interface TabHandlers {
  onState: (state: StreamState) => void;
  onEvent: (name: string, data: unknown) => void;
}

/** How often a tab says that it is there. */
const HELLO_MS = 20_000;
/** Ids that a tab remembers, to drop what it is told twice. */
const MOST_HEARD = 2000;
/** An owner that does not answer within this time has died or was frozen: the tab takes over. */
const ANSWER_MS = 5000;

/** A tab's end of the stream that all tabs share. */
export class StreamTab {
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly tab = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  private lastId: string | undefined;
  private heardAt = 0;
  /** Ids of the last events, oldest first. */
  private readonly heard = new Set<string>();
  private leave: (() => void) | undefined;
  private greeting: ReturnType<typeof setInterval> | undefined;
  private unanswered: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly handlers: TabHandlers,
    private project: string | undefined,
  ) {}

  start(): void {
    this.handlers.onState(CONNECTING);
    this.channel.onmessage = ({ data }: MessageEvent<Said>) => this.hear(data);
    this.greeting = setInterval(() => this.hello(), HELLO_MS);
    document.addEventListener("visibilitychange", this.onReturn);
    window.addEventListener("pagehide", this.bye);
    window.addEventListener("pageshow", this.onShow);
    this.leave = startWorker(() => (this.leave = own())) ?? own();
    this.hello();
  }

  stop(): void {
    this.bye();
    clearInterval(this.greeting);
    clearTimeout(this.unanswered);
    document.removeEventListener("visibilitychange", this.onReturn);
    window.removeEventListener("pagehide", this.bye);
    window.removeEventListener("pageshow", this.onShow);
    this.leave?.();
    this.channel.close();
  }

  lookAt(project: string | undefined): void {
    if (project === this.project) return;
    this.project = project;
    this.hello();
  }

  /** Somebody waits for the stream: the next attempt begins now. */
  hurry(): void {
    this.hello(true);
  }

  private hear(said: Said): void {
    if (said.kind === "who") return this.hello();
    if (said.kind === "state") {
      clearTimeout(this.unanswered);
      this.unanswered = undefined;
      // What came before is in the data that the tab is about to fetch.
      if (this.lastId === undefined && said.lastId !== undefined) this.keep(said.lastId);
      this.handlers.onState(said.state);
    }
    if (said.kind === "event") this.take(said);
  }

  private take({ name, id, data }: Extract<FromOwner, { kind: "event" }>): void {
    if (name === "job_completed") {
      // Two owners may overlap for a moment, and one that was widened replays.
      if (id !== undefined && this.heard.has(id)) return;
      const { project_id } = data as { project_id: string };
      if (id !== undefined) this.keep(id);
      if (this.project !== undefined && project_id !== this.project) return;
    } else if (id !== undefined) {
      // Of a new connection, or after `reset`.
      this.keep(id);
    }
    this.handlers.onEvent(name, data);
  }

  private keep(id: string): void {
    this.lastId = id;
    this.heardAt = Date.now();
    this.heard.add(id);
    if (this.heard.size > MOST_HEARD) for (const oldest of this.heard) return void this.heard.delete(oldest);
  }

  private hello(hurry = false): void {
    this.say({
      kind: "hello",
      tab: this.tab,
      project: this.project,
      lastId: this.lastId,
      heardAt: this.heardAt,
      hurry,
    });
    this.unanswered ??= setTimeout(() => this.takeOver(), ANSWER_MS);
  }

  private takeOver(): void {
    this.unanswered = undefined;
    // A hidden tab is no better an owner; it asks again on return.
    if (document.hidden) return;
    this.leave?.();
    this.leave = own({ steal: true });
  }

  private readonly onReturn = () => {
    if (!document.hidden) this.hello(true);
  };

  private readonly onShow = (event: PageTransitionEvent) => {
    // Back from the page cache, where it heard nothing.
    if (event.persisted) this.hello(true);
  };

  private readonly bye = () => this.say({ kind: "bye", tab: this.tab });

  private say(what: FromTab): void {
    this.channel.postMessage(what);
  }
}

/** What ends it; `undefined` where there is no SharedWorker. It ends by itself with its last tab. */
function startWorker(onFault: () => void): (() => void) | undefined {
  if (typeof SharedWorker !== "function") return undefined;
  try {
    const worker = new SharedWorker(new URL("./stream-worker.ts", import.meta.url), { type: "module", name: CHANNEL });
    worker.onerror = onFault;
    return () => worker.port.close();
  } catch {
    return undefined;
  }
}
