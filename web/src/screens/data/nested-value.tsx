import { useTranslation } from "#i18n";
import { isObject } from "../../schema/json-schema";
import { Cell } from "./cell";
import { titleOf } from "./titles";

/** More than this is no longer read. */
const MOST_ITEMS = 20;
const DEEPEST = 6;

/** A value within a value, in words and lists in place of JSON. */
export function NestedValue({ value, depth = 0 }: { value: unknown; depth?: number }) {
  const { t } = useTranslation();
  if (depth >= DEEPEST && typeof value === "object") return <code className="nested">{JSON.stringify(value)}</code>;
  if (Array.isArray(value)) {
    const left = value.length - MOST_ITEMS;
    return (
      <ul className="nested-list">
        {value.slice(0, MOST_ITEMS).map((item, at) => (
          <li key={at}>
            <NestedValue value={item} depth={depth + 1} />
          </li>
        ))}
        {left > 0 && <li className="muted">{t("data.more_items", { count: left })}</li>}
      </ul>
    );
  }
  if (isObject(value)) {
    return (
      <dl className="nested-facts">
        {Object.entries(value)
          .filter(([name, item]) => item !== null && item !== undefined && name !== "id" && !name.endsWith("_id"))
          .map(([name, item]) => (
            <div key={name}>
              <dt>{titleOf(name, { time: name.endsWith("_at") })}</dt>
              <dd>
                <NestedValue value={item} depth={depth + 1} />
              </dd>
            </div>
          ))}
      </dl>
    );
  }
  const time = typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);
  const column = { name: "", title: "", kind: time ? ("time" as const) : ("text" as const), hidden: false };
  return <Cell column={column} value={value} whole />;
}
