/**
 * Whether an address is that of a pattern such as `/data/:key?`, and what it names there. A name with `?` may be absent, and
 * `*` is any address.
 */
export function matchPath(pattern: string, pathname: string): Record<string, string | undefined> | undefined {
  if (pattern === "*") return {};
  const [wanted, given] = [partsOf(pattern), partsOf(pathname)];
  const named: Record<string, string | undefined> = {};
  const holds = wanted.every((part, at) => {
    const found = given[at];
    if (!part.startsWith(":")) return found?.toLowerCase() === part.toLowerCase();
    named[part.replace(/^:|\?$/g, "")] = found && decoded(found);
    return found !== undefined || part.endsWith("?");
  });
  return holds && given.length <= wanted.length ? named : undefined;
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "");

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A bare per cent sign, typed by a person.
    return part;
  }
}
