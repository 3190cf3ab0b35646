import { fileURLToPath } from "node:url";

const PRODUCTION = fileURLToPath(new URL("../node_modules/react-router/dist/production/index.mjs", import.meta.url));

/**
 * React-router's production build, which its package does not name; with marks that components which nothing draws can be
 * left out: what is written on them afterwards keeps them (names for developers' tools, the context of the boundary in Routes),
 * and so do calls that the bundler cannot know to be without effect.
 */
export const leanRouter = {
  name: "lean-router",
  apply: "build" as const,
  config: () => ({ resolve: { alias: [{ find: /^react-router$/, replacement: PRODUCTION }] } }),
  transform: {
    filter: { id: /react-router\/dist\/production\// },
    handler: (code: string) =>
      code
        .replace(/^\w+\.(?:displayName|contextType) = .*$/gm, "")
        .replace(/= (React\d*\.(?:forwardRef|memo|createContext)\()/g, "= /* @__PURE__ */ $1"),
  },
};
