import { readLanguage } from "../i18n/texts";

await readLanguage("en");
