// @vitest-environment happy-dom

import { expect, it } from "vitest";
import { described } from "./described";
import { changeLanguage, t } from "./texts";

it("has the host's words in the language of the page, and those of an author as they are", async () => {
  await changeLanguage("ru");
  expect(described("An external program.", t)).toBe("Внешняя программа.");
  expect(described("Sends the bills.", t)).toBe("Sends the bills.");
});
