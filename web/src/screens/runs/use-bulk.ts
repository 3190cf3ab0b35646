import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { useFault } from "../../api/reachability";
import type { BulkAnswer } from "../../api/types";
import { useRights } from "../../session/rights";
import { actOnRuns, type BulkAction } from "./runs-data";

/** A cancel asked for twice within this time is meant. */
const ARMED_MS = 6000;

export interface Bulk {
  /** Runs that a second `ask("cancel")` cancels. */
  armed: string[] | undefined;
  result: (BulkAnswer & { action: BulkAction }) | undefined;
  fault: Error | undefined;
  busy: boolean;
  /** Why nothing may be done with these runs. */
  whyNot: string | undefined;
  ask: (action: BulkAction, ids: string[]) => void;
  forget: () => void;
}

/** Cancels and retries runs. A cancel must be asked for twice: a key is pressed easily. */
export function useBulk(projectId: string | undefined): Bulk {
  const client = useQueryClient();
  const whyNot = useRights().whyNot("editor", projectId);
  const [armed, setArmed] = useState<string[]>();
  const [result, setResult] = useState<Bulk["result"]>();
  const [fault, setFault] = useFault();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!armed) return;
    const timer = setTimeout(() => setArmed(undefined), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);

  const perform = async (action: BulkAction, ids: string[]) => {
    setArmed(undefined);
    setBusy(true);
    setFault(undefined);
    setResult(undefined);
    try {
      setResult({ ...(await actOnRuns(action, ids)), action });
    } catch (error) {
      setFault(error as Error);
    }
    setBusy(false);
    await client.invalidateQueries({ queryKey: ["jobs"] });
  };
  const ask = (action: BulkAction, ids: string[]) => {
    if (ids.length === 0 || busy || whyNot) return;
    const confirmed = armed?.join() === ids.join();
    if (action === "cancel" && !confirmed) {
      setResult(undefined);
      setArmed(ids);
    } else void perform(action, ids);
  };
  const forget = () => {
    setArmed(undefined);
    setResult(undefined);
    setFault(undefined);
  };
  return { armed, result, fault, busy, whyNot, ask, forget };
}
