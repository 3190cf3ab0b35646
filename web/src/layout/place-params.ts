import { createContext, useContext } from "react";

type Params = Record<string, string | undefined>;

const Context = createContext<Params>({});

/** Says to the screen within what stands in the address in place of each `:name` of its path. */
export const PlaceParams = Context.Provider;

/** What the address names: `{ id }` of `/runs/:id`. */
export const usePlaceParams = (): Params => useContext(Context);
