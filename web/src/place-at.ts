import { matchPath } from "react-router";

import { PLACES, type Place } from "./places";

/** Each part of a path as it was before it was written in an address; a slash within a part stays encoded. */
function decoded(pathname: string): string {
  try {
    const parts = pathname.split("/").map((part) => decodeURIComponent(part).replaceAll("/", "%2F"));
    return parts.join("/");
  } catch {
    return pathname;
  }
}

/**
 * The screen at an address, and what stands there in place of each `:name` of its path. Not by the router's Routes, which for
 * nested routes and their data are 3 kB of the first load.
 */
export function placeAt(pathname: string): { place: Place; params: Record<string, string | undefined> } | undefined {
  const path = decoded(pathname);
  for (const place of PLACES) {
    const match = matchPath(place.path, path);
    if (match) return { place, params: match.params };
  }
  return undefined;
}
