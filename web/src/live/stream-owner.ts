import { EventConnection } from "./event-connection";
import { CHANNEL, type FromOwner, type Hello, LOCK, type Said } from "./stream-protocol";
import { CONNECTING, type StreamState } from "./stream-state";

/** After taking over, time for the tabs to say what they want, before the stream is opened. */
const GATHER_MS = 60;
/** A tab that was not heard of for so long is gone; timers of hidden tabs may be a minute late. */
const GONE_MS = 150_000;

interface Tab {
  project?: string;
  heardAt: number;
}

/** Has the one connection, and tells all tabs what comes over it. */
class StreamOwner {
  private readonly channel = new BroadcastChannel(CHANNEL);
  private readonly tabs = new Map<string, Tab>();
  private connection: EventConnection | undefined;
  private scope: string | undefined;
  private state: StreamState = CONNECTING;
  private lastId: string | undefined;
  private heardAt = 0;
  private gathering: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.channel.onmessage = ({ data }: MessageEvent<Said>) => {
      if (data.kind === "hello") this.welcome(data);
      if (data.kind === "bye") this.farewell(data.tab);
    };
    this.say({ kind: "who" });
  }

  stop(): void {
    clearTimeout(this.gathering);
    this.connection?.close();
    this.channel.close();
  }

  private welcome({ tab, project, lastId, heardAt = 0, hurry }: Hello): void {
    const now = Date.now();
    this.tabs.set(tab, { project, heardAt: now });
    for (const [name, { heardAt }] of this.tabs) if (now - heardAt > GONE_MS) this.tabs.delete(name);
    if (this.connection) {
      // A wider stream than wanted is no harm; a narrower one is.
      if (this.scope !== undefined && this.scope !== this.wanted()) this.rescope();
      if (hurry) this.connection.hurry();
    } else {
      if (lastId !== undefined && heardAt >= this.heardAt) [this.lastId, this.heardAt] = [lastId, heardAt];
      this.gathering ??= setTimeout(() => this.connect(), GATHER_MS);
    }
    this.tell();
  }

  /** Nobody listens any more: perhaps nobody is signed in. */
  private farewell(tab: string): void {
    this.tabs.delete(tab);
    if (this.tabs.size > 0) return;
    clearTimeout(this.gathering);
    this.gathering = undefined;
    if (this.connection?.lastId !== undefined) [this.lastId, this.heardAt] = [this.connection.lastId, Date.now()];
    this.connection?.close();
    this.connection = undefined;
    this.state = CONNECTING;
  }

  /** The project that all tabs look at, if there is one. */
  private wanted(): string | undefined {
    const [first, ...others] = [...this.tabs.values()].map(({ project }) => project);
    return others.every((other) => other === first) ? first : undefined;
  }

  private connect(): void {
    this.scope = this.wanted();
    this.connection = new EventConnection(
      {
        onState: (state) => {
          this.state = state;
          this.tell();
        },
        onEvent: (name, id, data) => this.say({ kind: "event", name, id, data }),
      },
      this.lastId,
    );
    this.connection.open(this.scope);
  }

  private rescope(): void {
    this.scope = this.wanted();
    this.connection?.rescope(this.scope);
  }

  private tell(): void {
    this.say({ kind: "state", state: this.state, lastId: this.connection?.lastId });
  }

  private say(what: FromOwner): void {
    this.channel.postMessage(what);
  }
}

/**
 * Owns the stream whenever nobody else does, until the returned function is called. `steal` takes it
 * from whoever has it. A page without a secure context has no locks: there whoever asks owns.
 */
export function own({ steal = false }: { steal?: boolean } = {}): () => void {
  let owner: StreamOwner | undefined;
  let release = () => {};
  let over = false;
  const begin = () => {
    owner = new StreamOwner();
    owner.start();
  };
  const end = () => {
    owner?.stop();
    owner = undefined;
  };
  const ask = (options: LockOptions) => {
    const held = () =>
      new Promise<void>((resolve) => {
        release = resolve;
        if (over) resolve();
        else begin();
      });
    navigator.locks.request(LOCK, options, held).catch(() => {
      // Stolen: queue up again.
      end();
      if (!over) ask({});
    });
  };
  if (navigator.locks) ask(steal ? { steal } : {});
  else begin();
  return () => {
    over = true;
    end();
    release();
  };
}
