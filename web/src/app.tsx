import { ErrorBoundary } from "./layout/error-boundary";
import { lazyPart } from "./layout/lazy-part";
import { NotFound } from "./layout/not-found";
import { Shell } from "./layout/shell";
import { Loading } from "./layout/states";
import { PLACES, placeOf } from "./places";
import { Routes, useLocation } from "./router/router";
import { AdminOnly } from "./session/admin-only";

const SCREENS = PLACES.map(({ load, ...place }) => ({ ...place, Screen: lazyPart(load, <Loading />) }));

// What boot.ts has asked for is drawn without a wait, if it has come.
SCREENS.find(({ path }) => path === placeOf(location.pathname)?.path)
  ?.Screen.preload()
  .catch(() => {});

const ROUTES = [
  ...SCREENS.map(({ path, adminOnly, Screen }) => ({
    path,
    element: adminOnly ? (
      <AdminOnly>
        <Screen />
      </AdminOnly>
    ) : (
      <Screen />
    ),
  })),
  { path: "*", element: <NotFound /> },
];

export function App() {
  const { pathname } = useLocation();
  return (
    <Shell>
      <ErrorBoundary at={pathname}>
        <Routes of={ROUTES} />
      </ErrorBoundary>
    </Shell>
  );
}
