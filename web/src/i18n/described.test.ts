// @vitest-environment happy-dom
import i18next from "i18next";
import { expect, it } from "vitest";

import { described } from "./described";

it("has the host's words in the language of the page, and those of an author as they are", async () => {
  await i18next.changeLanguage("ru");
  expect(described("An external program.", i18next.t)).toBe("Внешняя программа.");
  expect(described("Sends the bills.", i18next.t)).toBe("Sends the bills.");
});
