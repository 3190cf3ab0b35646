import { useEffect, useRef, useState } from "react";

import type { JobCompleted } from "../api/types";

export interface StreamState {
  /** `polling`: the server answers, but nothing carries events to it; `offline`: no stream. */
  state: "connecting" | "live" | "polling" | "offline";
  /** What carries events: redis, postgres or memory. */
  bus: string | null;
  /** A better bus is set up and does not answer. */
  degraded: boolean;
}

export interface StreamHandlers {
  onJobCompleted: (event: JobCompleted) => void;
  /** Another jobs.toml or another build of a plugin came into force, or was refused. */
  onConfigChanged: () => void;
  /** The server no longer has all that was missed: refetch everything. */
  onReset: () => void;
}

const CONNECTING: StreamState = { state: "connecting", bus: null, degraded: false };
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Level 3 of freshness: one EventSource on /api/events/stream.
 *
 * The browser reconnects by itself and sends Last-Event-ID; only a stream it has given up on
 * (readyState CLOSED) is opened anew, with backoff and jitter.
 */
export function useEventStream(projectId: string | undefined, handlers: StreamHandlers): StreamState {
  const [stream, setStream] = useState<StreamState>(CONNECTING);
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });

  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pause = FIRST_PAUSE_MS;
    let lostEvents = false;

    const open = () => {
      const scope = projectId ? `?project_id=${encodeURIComponent(projectId)}` : "";
      source = new EventSource(`/api/events/stream${scope}`);
      source.addEventListener("connected", (event) => {
        pause = FIRST_PAUSE_MS;
        // The first of a stream, or another bus has taken over.
        const { connected, bus, degraded } = JSON.parse((event as MessageEvent<string>).data) as {
          connected: boolean;
          bus: string;
          degraded: boolean;
        };
        setStream({ state: connected ? "live" : "polling", bus, degraded });
        // A new EventSource has no last id, so that what happened in between is unknown.
        if (lostEvents) latest.current.onReset();
        lostEvents = false;
      });
      source.addEventListener("job_completed", (event) => {
        latest.current.onJobCompleted(JSON.parse((event as MessageEvent<string>).data) as JobCompleted);
      });
      source.addEventListener("config_changed", () => latest.current.onConfigChanged());
      source.addEventListener("reset", () => latest.current.onReset());
      source.onerror = () => {
        setStream((before) => ({ ...before, state: "offline" }));
        if (source?.readyState !== EventSource.CLOSED) return;
        lostEvents = true;
        timer = setTimeout(open, pause * (0.5 + Math.random() / 2));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      };
    };

    setStream(CONNECTING);
    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [projectId]);

  return stream;
}
