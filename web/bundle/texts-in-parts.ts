import { readFileSync } from "node:fs";

import type { Part, Texts } from "../src/i18n/parts.ts";
import { filesOf, partOf } from "./first-texts.ts";

/** A part of the texts of a language. */
const TEXTS = /\/i18n\/(\w+)\.json\?([\w-]+)$/;
const PARTS: string[] = [
  "frame",
  "rest",
  "control-tower",
  "jobs",
  "graph-screen",
  "runs-screen",
  "problems",
] satisfies Part[];

export const textsInParts = {
  name: "texts-in-parts",
  load: {
    filter: { id: TEXTS },
    handler(this: { addWatchFile(file: string): void }, id: string) {
      const [file = "", part = ""] = id.split("?");
      if (!PARTS.includes(part)) return null;
      for (const read of [file, ...filesOf(part as Part)]) this.addWatchFile(read);
      const texts = partOf(JSON.parse(readFileSync(file, "utf8")) as Texts, part as Part);
      return `export default ${JSON.stringify(texts)}`;
    },
  },
};

/** Names the files of their own that the texts are: `en-jobs`. */
export const nameOfTexts = ({ facadeModuleId }: { facadeModuleId?: string | null }) =>
  `assets/${
    TEXTS.exec(facadeModuleId ?? "")
      ?.slice(1)
      .join("-") ?? "[name]"
  }-[hash].js`;
