import { readFileSync } from "node:fs";

import { type Part, partOf, type Texts } from "../src/i18n/parts.ts";

/** Either part of the texts of a language. */
const TEXTS = /\/i18n\/(\w+)\.json\?(first|rest)$/;
export const textsInParts = {
  name: "texts-in-parts",
  load: {
    filter: { id: TEXTS },
    handler(this: { addWatchFile(file: string): void }, id: string) {
      const [file = "", part] = id.split("?");
      this.addWatchFile(file);
      const texts = partOf(JSON.parse(readFileSync(file, "utf8")) as Texts, part as Part);
      return `export default ${JSON.stringify(texts)}`;
    },
  },
};

/** Names the files of their own that the texts are: `en-first`. */
export const nameOfTexts = ({ facadeModuleId }: { facadeModuleId?: string | null }) =>
  `assets/${
    TEXTS.exec(facadeModuleId ?? "")
      ?.slice(1)
      .join("-") ?? "[name]"
  }-[hash].js`;
