import { useLocation } from "react-router";

import { ErrorBoundary } from "./layout/error-boundary";
import { lazyPart } from "./layout/lazy-part";
import { NotFound } from "./layout/not-found";
import { PlaceParams } from "./layout/place-params";
import { Shell } from "./layout/shell";
import { Loading } from "./layout/states";
import { placeAt } from "./place-at";
import { PLACES } from "./places";
import { AdminOnly } from "./session/admin-only";

const SCREENS = new Map(PLACES.map((place) => [place, lazyPart(place.load, <Loading />, place.texts)]));

function screenAt(pathname: string) {
  const found = placeAt(pathname);
  const Screen = found && SCREENS.get(found.place);
  return Screen && { ...found, Screen };
}

// What boot.ts has asked for is drawn without a wait, if it has come.
screenAt(location.pathname)
  ?.Screen.preload()
  .catch(() => {});

export function App() {
  const { pathname } = useLocation();
  return (
    <Shell>
      <ErrorBoundary at={pathname}>
        <ScreenAt pathname={pathname} />
      </ErrorBoundary>
    </Shell>
  );
}

function ScreenAt({ pathname }: { pathname: string }) {
  const found = screenAt(pathname);
  if (!found) return <NotFound />;
  const { place, params, Screen } = found;
  return (
    <PlaceParams value={params}>
      {place.adminOnly ? (
        <AdminOnly>
          <Screen />
        </AdminOnly>
      ) : (
        <Screen />
      )}
    </PlaceParams>
  );
}
