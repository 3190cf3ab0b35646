import { format } from "node:util";
import { afterEach, expect } from "vitest";

// React reports faults such as two siblings with one key by console.error and goes on: here they fail the test.
const complaints: string[] = [];
const write = console.error;
console.error = (...args: unknown[]) => {
  complaints.push(format(...args));
  write(...args);
};
afterEach(() => {
  expect(complaints.splice(0), "console.error was called").toEqual([]);
});
