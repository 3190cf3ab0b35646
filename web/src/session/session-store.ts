import { useSyncExternalStore } from "react";

import { ApiError } from "../api/client";
import { setGuard } from "../api/guard";
import type { Session } from "../api/types";
import { OPEN, readSession, setActiveProject, signIn, signInByLink, signOut, signOutEverywhere } from "./session-api";

export interface SessionState {
  /** Absent until the host has told it. */
  session?: Session;
  /** Why it could not be asked the last time. */
  error?: Error;
}

const CHANNEL = "cascade.session.1";

/** Whom the host takes this browser for. All tabs have one session, and tell each other when it changes. */
export class SessionStore {
  private state: SessionState = {};
  private readonly listeners = new Set<() => void>();
  private channel: BroadcastChannel | undefined;
  private checking: Promise<void> | undefined;
  private turn = 0;
  private told = 0;
  /** Whose data this page has seen. */
  private whose: string | undefined;

  /** What a page of another user must do: nothing that it holds may be theirs to see. */
  constructor(private readonly startOver: () => void) {}

  start(): () => void {
    setGuard({
      csrfToken: () => this.state.session?.user?.csrf_token ?? "",
      renew: this.load,
      refused: () => void this.check(),
    });
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = () => void this.load();
    // The page has asked by now, and may not have been answered.
    if (!this.state.session) void this.check();
    return () => {
      setGuard();
      this.channel?.close();
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly current = (): SessionState => this.state;

  readonly load = async (): Promise<void> => {
    const turn = ++this.turn;
    try {
      this.take(await readSession(), turn);
    } catch (error) {
      // Not to be reached is not signed out.
      if (turn > this.told) this.put({ ...this.state, error: error as Error });
    }
  };

  /** Several requests may find out at a time that nobody is signed in any more. */
  check(): Promise<void> {
    this.checking ??= this.load().finally(() => (this.checking = undefined));
    return this.checking;
  }

  async signIn(name: string, password: string): Promise<void> {
    this.change(await signIn(name, password));
  }

  async signInByLink(link: string): Promise<void> {
    this.change(await signInByLink(link));
  }

  async signOut({ everywhere = false } = {}): Promise<void> {
    try {
      await (everywhere ? signOutEverywhere() : signOut());
    } catch (error) {
      // Signed out already, by another tab or by time.
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    }
    const { session } = this.state;
    if (session) this.change({ ...session, user: null });
  }

  /** Only this project from now on, and the next time; `null` for all. */
  async lookAt(project: string | null): Promise<void> {
    await setActiveProject(project);
    const { session } = this.state;
    if (session?.user) this.change({ ...session, user: { ...session.user, active_project: project } });
  }

  private change(session: Session): void {
    if (this.take(session, ++this.turn)) this.channel?.postMessage("changed");
  }

  /** Unless a later answer has come before it. */
  private take(session: Session, turn: number): boolean {
    if (turn < this.told) return false;
    this.told = turn;
    const name = session.user?.name;
    if (name !== undefined && this.whose !== undefined && name !== this.whose) {
      this.channel?.postMessage("changed");
      this.startOver();
      return false;
    }
    this.whose ??= name;
    const same = JSON.stringify(session) === JSON.stringify(this.state.session);
    this.put({ session: same ? this.state.session : session });
    return true;
  }

  private put(next: SessionState): void {
    if (next.session === this.state.session && next.error === this.state.error) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }
}

export const sessions = new SessionStore(() => location.reload());

export const useSessionState = (): SessionState => useSyncExternalStore(sessions.subscribe, sessions.current);

/** Who is signed in; before that is known, and where nobody signs in, nobody in particular. */
export const useSession = (): Session => useSessionState().session ?? OPEN;
