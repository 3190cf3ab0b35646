import { matchPath, Route, Routes, useLocation } from "react-router";

import { ErrorBoundary } from "./layout/error-boundary";
import { lazyPart } from "./layout/lazy-part";
import { NotFound } from "./layout/not-found";
import { Shell } from "./layout/shell";
import { Loading } from "./layout/states";
import { PLACES } from "./places";
import { AdminOnly } from "./session/admin-only";

const SCREENS = PLACES.map(({ load, ...place }) => ({
  ...place,
  Screen: lazyPart(load, <Loading />, place.first ? "first" : "rest"),
}));

// What boot.ts has asked for is drawn without a wait, if it has come.
SCREENS.find(({ path }) => matchPath(path, location.pathname))
  ?.Screen.preload()
  .catch(() => {});

export function App() {
  const { pathname } = useLocation();
  return (
    <Shell>
      <ErrorBoundary at={pathname}>
        <Routes>
          {SCREENS.map(({ path, adminOnly, Screen }) => (
            <Route
              key={path}
              path={path}
              element={
                adminOnly ? (
                  <AdminOnly>
                    <Screen />
                  </AdminOnly>
                ) : (
                  <Screen />
                )
              }
            />
          ))}
          <Route path="*" element={<NotFound />} />
        </Routes>
      </ErrorBoundary>
    </Shell>
  );
}
