import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { onBack } from "./api/reachability";
import { App } from "./app";
import { readLanguage } from "./i18n";
import { wantedLanguage } from "./i18n/language";
import { loaded } from "./layout/lazy-part";
import { placeOf } from "./places";
import { SessionGate } from "./session/session-gate";
import { sessions } from "./session/session-store";

// Asked for before anything is drawn: what is drawn depends on it.
void sessions.check();

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

const root = document.getElementById("root");
if (root) {
  const texts = placeOf(location.pathname)?.texts;
  await loaded(() => readLanguage(wantedLanguage(), texts));
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
