import { readLanguage, readTexts } from "../i18n";

await readLanguage("en");
await readTexts("rest");
await readLanguage("ru");
await readLanguage("en");
