// @vitest-environment happy-dom

import { expect, it } from "vitest";
import { described } from "./described";
import { i18n } from "./translations";

it("has the host's words in the language of the page, and those of an author as they are", async () => {
  await i18n.changeLanguage("ru");
  expect(described("An external program.", i18n.t)).toBe("Внешняя программа.");
  expect(described("Sends the bills.", i18n.t)).toBe("Sends the bills.");
});
