import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/client";
import { isOutage } from "../../api/outage";
import { useFault } from "../../api/reachability";
import { CONFIG_KEY, knownConfig } from "../../live/use-jobs-config";
import { drafts } from "./draft/draft-store";

/** A text that was saved, and since when the one before was in force. */
export interface Saved {
  revision: string;
  inForceSince: string | undefined;
}

/** Saves the draft. A conflict is no fault of saving: the store keeps it, and the screen shows it. */
export function useSave() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const [saved, setSaved] = useState<Saved>();
  const [interrupted, setInterrupted] = useState(false);
  const save = async (comment?: string): Promise<boolean> => {
    const inForceSince = knownConfig(client)?.loaded_at;
    setBusy(true);
    setFault(undefined);
    setSaved(undefined);
    setInterrupted(false);
    try {
      const revision = await drafts.save(comment);
      setSaved({ revision, inForceSince });
      return true;
    } catch (error) {
      const conflict = error instanceof ApiError && error.status === 409;
      if (!conflict) setFault(error as Error);
      setInterrupted(isOutage(error));
      return conflict;
    } finally {
      setBusy(false);
      // Either way the disk is no longer what was read.
      void client.invalidateQueries({ queryKey: CONFIG_KEY });
    }
  };
  return { busy, fault, interrupted, saved, save, forget: () => setSaved(undefined) };
}
