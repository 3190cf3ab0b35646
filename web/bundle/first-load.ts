/** Which modules come in which file, so that the first row of a screen waits for few bytes and few requests. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[]; code: string | null } | null;
}

/** The screens that are looked at first: what they share is one file. */
export const FIRST_SCREENS = [
  "control-tower/control-tower",
  "jobs/jobs",
  "graph/graph-screen",
  "runs/runs-screen",
  "problems/problems",
];
const SHARED_BY = 2;
const OWN = /\/web\/src\/|lucide-react/;

/** The package's list of icons, as modules. */
const LIST_OF_ICONS = /lucide-react\/dist\/esm\/lucide-react\.m?js$/;

/** What the list of a package names, and only some screens use. */
const OF_SOME_SCREENS = /query.*\/(infiniteQueryObserver|queriesObserver|useInfiniteQuery|useQueries)\.js$/;

/** What a module runs before it does: all that it imports, but for what `without` names. */
function closureOf(from: string, modules: Modules, without: Set<string>, all = new Set<string>()): Set<string> {
  if (all.has(from) || without.has(from) || OF_SOME_SCREENS.test(from)) return all;
  all.add(from);
  // The list of all icons: of these only those that are drawn, which who draws them names.
  if (LIST_OF_ICONS.test(from)) return all;
  const { importedIds = [], code } = modules.getModuleInfo(from) ?? {};
  for (const next of importedIds) {
    closureOf(next, modules, without, all);
    if (LIST_OF_ICONS.test(next))
      for (const icon of iconsIn(code ?? "", next, modules)) closureOf(icon, modules, without, all);
  }
  return all;
}

/** The file of each icon by its names. */
const icons = new Map<string, string>();

/** The icons that a module imports from the list. */
function iconsIn(code: string, list: string, modules: Modules): string[] {
  if (icons.size === 0) {
    const exported = modules
      .getModuleInfo(list)
      ?.code?.matchAll(/export \{([^}]+)\} from ["']\.\/(icons\/[^"']+)["']/g);
    for (const [, names = "", file = ""] of exported ?? [])
      for (const [, name = ""] of names.matchAll(/default as (\w+)/g)) icons.set(name, join(dirname(list), file));
  }
  const imported = /import \{([^}]+)\} from ["']lucide-react["']/.exec(code)?.[1] ?? "";
  return (imported.match(/\w+/g) ?? []).flatMap((name) => icons.get(name) ?? []);
}

/** What runs before main.tsx does, each of it loaded at the same time: see boot.ts. */
const main = new Set<string>();
/** Which of the first screens each further module is needed for. */
const screens = new Map<string, string[]>();

function readClosures(modules: Modules): void {
  if (main.size > 0) return;
  const boot = closureOf(here("../src/boot.ts"), modules, new Set());
  closureOf(here("../src/main.tsx"), modules, boot, main);
  const before = new Set([...boot, ...main]);
  for (const screen of FIRST_SCREENS) {
    for (const id of closureOf(here(`../src/screens/${screen}.tsx`), modules, before))
      screens.set(id, [...(screens.get(id) ?? []), screen]);
  }
}

const ofSeveral = (id: string) => (screens.get(id)?.length ?? 0) >= SHARED_BY;

/** What these share with another one is little: they would wait for all that the others share. */
const SHARE_LITTLE = ["control-tower/control-tower", "problems/problems"];
const ofAll = (id: string) => ofSeveral(id) && SHARE_LITTLE.some((screen) => screens.get(id)?.includes(screen));

const BOOT = /\/src\/(boot|places|i18n\/language)\.ts$|preload-helper|rolldown.runtime/;

/** The parts of the first load, in the order in which they take what they need. */
const PARTS: [string, (id: string) => boolean][] = [
  // Styles come with the page, and not once boot.ts has run.
  ["boot", (id) => BOOT.test(id) || (id.endsWith(".css") && (main.has(id) || ofSeveral(id)))],
  ["main", (id) => main.has(id) || (OWN.test(id) && ofAll(id))],
  ["common", (id) => OWN.test(id) && ofSeveral(id)],
];

/** The file of what this first screen alone shares with parts that come later: each such part would be a file. */
function sharedLater(id: string): string | null {
  const [screen, ...others] = screens.get(id) ?? [];
  return screen && others.length === 0 ? `${screen.split("/").at(-1)}-parts` : null;
}

/** The groups of the bundler: a file each, those of the first screens, and one of what many other screens share. */
export const groups = [
  ...PARTS.map(([part, has], at) => ({
    name: (id: string, modules: Modules) => {
      readClosures(modules);
      return has(id) ? part : null;
    },
    debugName: part,
    priority: PARTS.length - at,
  })),
  { name: sharedLater, debugName: "parts", minShareCount: 2 },
  { name: (id: string) => (OWN.test(id) && !screens.has(id) ? "shared" : null), debugName: "shared", minShareCount: 5 },
];

/** Main is asked for by the page itself, and not only once boot.ts runs. */
export const preloadMain = {
  name: "preload-main",
  transformIndexHtml: {
    order: "post" as const,
    handler: (_: string, { bundle }: { bundle?: Record<string, { name?: string }> }) =>
      Object.entries(bundle ?? {})
        .filter(([, { name }]) => name === "main")
        .map(([file]) => ({
          tag: "link",
          attrs: { rel: file.endsWith(".css") ? "stylesheet" : "modulepreload", crossorigin: true, href: `/${file}` },
          injectTo: "head" as const,
        })),
  },
};
