import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { hasEarly } from "./api/early";
import { onBack } from "./api/reachability";
import { App } from "./app";
import { readLanguage } from "./i18n";
import { wantedLanguage } from "./i18n/language";
import { loaded } from "./layout/lazy-part";
import { placeOf } from "./places";
import { SessionGate } from "./session/session-gate";
import { sessions } from "./session/session-store";

// Asked for before anything is drawn: what is drawn depends on it.
const session = sessions.check();

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Freshness is the business of src/live; the cache only keeps and shares.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: 1,
      // Being without a network says nothing about a server on this machine or in this building.
      networkMode: "always",
    },
  },
});
// An outage leaves errors that the usual rhythm would keep for minutes.
onBack(() => void client.refetchQueries({ predicate: ({ state }) => state.status === "error" }));

/** For so long the page stays as it came, so that what is about to be there is drawn at once, and not a pending state before. */
const AT_ONCE_MS = 100;

/** What the first screen shows, if boot.ts has asked for it. */
async function firstAnswers(): Promise<void> {
  const place = placeOf(location.pathname);
  await session;
  if (!place?.first || location.search !== "") return;
  const [screen, ...come] = await Promise.all([place.load(), ...place.first.map(hasEarly)]);
  if (come.every(Boolean)) await screen.ask?.(client);
}

async function start(root: HTMLElement): Promise<void> {
  const texts = placeOf(location.pathname)?.texts;
  await loaded(() => readLanguage(wantedLanguage(), texts));
  await Promise.race([firstAnswers().catch(() => {}), new Promise((wait) => setTimeout(wait, AT_ONCE_MS))]);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <BrowserRouter>
          <SessionGate>
            <App />
          </SessionGate>
        </BrowserRouter>
      </QueryClientProvider>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
// Not awaited by the module itself, for which each screen's file waits.
if (root) void start(root);
