/**
 * A cache of mutations in which there are none: the page changes something on the host by a request, and not by a mutation of
 * the query library. Its client makes one all the same, and with it comes what mutations are: 1.5 kB.
 */
const NO_MUTATIONS = `export class MutationCache {
  clear() {}
  findAll() { return []; }
  resumePausedMutations() { return Promise.resolve(); }
}`;

export const leanQuery = {
  name: "lean-query",
  apply: "build" as const,
  transform: {
    filter: { id: /query-core\/build\/modern\/mutationCache\.js$/ },
    handler: () => NO_MUTATIONS,
  },
};
