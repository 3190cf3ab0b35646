const STORED = "cascade.wanted";

/** The address to come back to from the provider's page, which brings everybody to `/`. */
export function keepWanted({ pathname, search }: { pathname: string; search: string }): void {
  if (pathname !== "/sign-in") sessionStorage.setItem(STORED, pathname + search);
}

/** Once; and only a place of this app. */
export function takeWanted(): string | undefined {
  const wanted = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  return wanted?.startsWith("/") && !wanted.startsWith("//") ? wanted : undefined;
}
