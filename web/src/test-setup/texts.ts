import { readLanguage } from "../i18n";

await readLanguage("ru");
await readLanguage("en");
