import { expect, it } from "vitest";

import { withoutSecrets } from "./args-of-run";

it("leaves secrets out at any depth", () => {
  const args = { level: 2, token: "***", of: [{ key: "***", id: "a" }, "***"], none: null };
  expect(withoutSecrets(args)).toEqual({ level: 2, of: [{ id: "a" }], none: null });
  expect(withoutSecrets(null)).toEqual({});
});
