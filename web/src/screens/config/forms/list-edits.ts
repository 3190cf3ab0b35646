import type { Edit } from "../../../api/types";

/** Puts a name into a list of a table such as CASCADE_CHAINS, or takes it out. */
export function listEdit(table: string, key: string, value: string, wanted: boolean): Edit {
  return { op: wanted ? "add_to_list" : "remove_from_list", path: [table, key], value };
}

/** Every job a draft names or a plugin brings, in the order of the alphabet. */
export function jobNames(chains: Record<string, string[]>, ...others: string[][]): string[] {
  return [...new Set([...Object.keys(chains), ...Object.values(chains).flat(), ...others.flat()])].sort();
}
