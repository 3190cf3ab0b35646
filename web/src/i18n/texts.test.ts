// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";

import { changeLanguage, currentI18n, inLanguage, onLanguage, t } from "./texts";

afterEach(() => changeLanguage("en"));

const {
  t: said,
  exists,
  branch,
} = inLanguage("ru", {
  run: {
    of: "запуск {{name}}",
    found_one: "{{count, number}} запуск",
    found_few: "{{count, number}} запуска",
    found_many: "{{count, number}} запусков",
  },
  plain: "слово",
});

it("fills in values, and shows nothing for one that is missing", () => {
  expect(said("run.of", { name: "$& <b>" })).toBe("запуск $& <b>");
  expect(said("run.of")).toBe("запуск ");
});

it("takes the plural form of the language, and writes the number as it does", () => {
  expect([1, 3, 5, 12_345].map((count) => said("run.found", { count }))).toEqual([
    "1 запуск",
    "3 запуска",
    "5 запусков",
    `12${String.fromCharCode(160)}345 запусков`,
  ]);
  expect(said("plain", { count: 2 })).toBe("слово");
});

it("says the key, or what is given in its place, where there is no text", () => {
  expect(said("run.other")).toBe("run.other");
  expect(said("constructor.name")).toBe("constructor.name");
  expect(said("run")).toBe("run");
  expect(said("run.other", { defaultValue: "of {{a}}", a: 1 })).toBe("of 1");
  expect([exists("run.of"), exists("run.found", { count: 1 }), exists("run.found"), exists("run")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it("lists what is under a key", () => {
  expect(Object.keys(branch("run"))).toEqual(["of", "found_one", "found_few", "found_many"]);
  expect([branch("plain"), branch("nothing")]).toEqual([{}, {}]);
});

it("changes the language of all that listens, keeps the choice, and forgets an older answer", async () => {
  const heard = vi.fn();
  const stop = onLanguage(heard);
  const [first] = [changeLanguage("ru"), await changeLanguage("en")];
  await first;
  expect(currentI18n().language).toBe("en");
  await changeLanguage("ru");
  expect([t("none_found"), document.documentElement.lang, localStorage.getItem("cascade.language")]).toEqual([
    "Ничего не найдено",
    "ru",
    "ru",
  ]);
  expect(heard).toHaveBeenCalledTimes(2);
  stop();
});
