import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { get, patch, post, put, remove } from "../../api/client";
import { useFault } from "../../api/reachability";
import type { People, PersonAnswer, Role, Tokens } from "../../api/types";
import { usePolledQuery } from "../../live/use-polled-query";

const KEY = ["people"];
const PEOPLE_MS = 30_000;

export const usePeople = () => usePolledQuery(KEY, () => get<People>("/users"), PEOPLE_MS, { events: () => false });

/** The API tokens of everybody. */
export const useAllTokens = () =>
  usePolledQuery([...KEY, "tokens"], () => get<Tokens>("/tokens", { all: "true" }), PEOPLE_MS, { events: () => false });

/** Adds somebody; a path by which they sign in once. */
export const addPerson = async (name: string, admin: boolean) =>
  (await post<PersonAnswer>("/users", { name, admin })).link;

/** Changes, one after the other, and what went wrong with the last. */
export function useChange() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useFault();
  const change = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await act();
    } catch (error) {
      setFault(error as Error);
    }
    await client.invalidateQueries({ queryKey: KEY });
    setBusy(false);
  };
  return {
    busy,
    fault,
    change,
    disable: (name: string, disabled: boolean) =>
      change(() => patch(`/users/${encodeURIComponent(name)}`, { disabled })),
    revokeToken: (name: string, token: string) =>
      change(() => remove(`/users/${encodeURIComponent(name)}/tokens/${encodeURIComponent(token)}`)),
    revokeTokens: (name: string) => change(() => remove(`/users/${encodeURIComponent(name)}/tokens`)),
    setRole: (name: string, project: string, role: Role | null) =>
      change(() => put(`/projects/${project}/members/${encodeURIComponent(name)}`, { role })),
  };
}
