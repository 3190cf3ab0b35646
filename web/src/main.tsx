import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { App } from "./app";
import "./i18n";
import { SessionGate } from "./session/session-gate";
import "./theme.css";
import "./layout/layout.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Freshness is the business of src/live; the cache only keeps and shares.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: 1,
    },
  },
});

const root = document.getElementById("root");
if (root) {
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
