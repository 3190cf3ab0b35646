import { readLanguage, readRest } from "../i18n";

await readLanguage("en");
await readRest();
await readLanguage("ru");
await readLanguage("en");
