import { useEffect, useRef } from "react";

import { askNow, onBack } from "../api/reachability";
import type { JobCompleted } from "../api/types";
import { loaded } from "../layout/lazy-part";
import type { StreamState } from "./stream-state";
import { setStreamState, useStreamState } from "./stream-state";
import type { StreamTab } from "./stream-tab";

export interface StreamHandlers {
  onJobCompleted: (event: JobCompleted) => void;
  /** Another jobs.toml or another build of a plugin came into force, or was refused. */
  onConfigChanged: () => void;
  /** The server no longer has all that was missed: refetch everything. */
  onReset: () => void;
}

let shown: StreamTab | undefined;

/** Ends the pauses of all that waits for the server: the stream, and requests that found nobody. */
export function retryNow(): void {
  askNow();
  shown?.hurry();
}

/** Level 3 of freshness: this tab's end of the one event stream that all tabs share. */
export function useEventStream(projectId: string | undefined, handlers: StreamHandlers): StreamState {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  const tab = useRef<StreamTab>(undefined);
  const project = useRef(projectId);
  useEffect(() => {
    project.current = projectId;
    tab.current?.lookAt(projectId);
  }, [projectId]);

  useEffect(() => {
    let end = () => {};
    let over = false;
    // Drawing does not wait for its code.
    void loaded(() => import("./stream-tab")).then(({ StreamTab }) => {
      if (over) return;
      const started = new StreamTab(
        {
          onState: setStreamState,
          onEvent: (name, data) => {
            if (name === "job_completed") latest.current.onJobCompleted(data as JobCompleted);
            if (name === "config_changed") latest.current.onConfigChanged();
            if (name === "reset") latest.current.onReset();
          },
        },
        project.current,
      );
      tab.current = shown = started;
      started.start();
      // A request has been answered: the stream is there too.
      const endBack = onBack(() => started.hurry());
      end = () => {
        endBack();
        tab.current = shown = undefined;
        started.stop();
      };
    });
    return () => {
      over = true;
      end();
    };
  }, []);

  return useStreamState();
}
