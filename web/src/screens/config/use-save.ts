import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/client";
import { isOutage } from "../../api/outage";
import { useFault } from "../../api/reachability";
import { CONFIG_KEY } from "../../live/use-jobs-config";
import { drafts } from "./draft/draft-store";

/** Saves the draft. A conflict is no fault of saving: the store keeps it, and the screen shows it. */
export function useSave() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  /** The revision of the text that was saved. */
  const [saved, setSaved] = useState<string>();
  const [interrupted, setInterrupted] = useState(false);
  const save = async (comment?: string): Promise<boolean> => {
    setBusy(true);
    setFault(undefined);
    setSaved(undefined);
    setInterrupted(false);
    try {
      setSaved(await drafts.save(comment));
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
