import { Search } from "lucide-react";
import { type KeyboardEvent, useId, useMemo, useState } from "react";
import { useTranslation } from "#i18n";

import { ApiError } from "../api/client";
import { useFault } from "../api/reachability";
import { Modal } from "../layout/modal";
import { best } from "./match";
import "./palette.css";
import { type Group, type PaletteItem, usePaletteItems } from "./use-palette-items";

const MOST = 40;
/** Before anything is typed: where one can go; what runs a job must be asked for. */
const AT_FIRST: Group[] = ["screens", "recent", "projects"];

/** Go anywhere, run anything: a combobox over a list, in a dialog. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const items = usePaletteItems();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const [fault, setFault] = useFault();
  const [busy, setBusy] = useState(false);

  const shown = useMemo(() => {
    const found = query.trim()
      ? best(items, query, MOST)
      : items.filter(({ group }) => AT_FIRST.includes(group)).slice(0, MOST);
    // Groups in the order of their best, each once.
    const groups = [...new Set(found.map(({ group }) => group))];
    return groups.flatMap((group) => found.filter((item) => item.group === group));
  }, [items, query]);
  const at = Math.min(chosen, shown.length - 1);

  const perform = async (item: PaletteItem | undefined) => {
    if (!item || busy) return;
    setFault(undefined);
    setBusy(true);
    try {
      await item.perform();
      onClose();
    } catch (error) {
      setFault(error as Error);
      setBusy(false);
    }
  };
  const choose = (next: number) => {
    setChosen(next);
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 };
    const step = steps[event.key];
    if (step !== undefined && shown.length > 0) {
      event.preventDefault();
      const single = event.key.startsWith("Arrow");
      choose(single ? (step + shown.length) % shown.length : Math.min(Math.max(step, 0), shown.length - 1));
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void perform(shown[at]);
    }
  };

  return (
    <Modal label={t("palette.title")} className="palette" onClose={onClose}>
      <div className="palette-field">
        <Search size={16} aria-hidden />
        <input
          // A dialog gives the focus to this.
          autoFocus
          role="combobox"
          aria-label={t("palette.title")}
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={shown.length > 0 ? `${id}-${at}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder={t("palette.placeholder")}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setChosen(0);
            setFault(undefined);
          }}
          onKeyDown={onKeyDown}
          data-testid="palette-input"
        />
      </div>
      {fault && (
        <p className="palette-fault" role="alert">
          {fault.message}
          {fault instanceof ApiError && fault.help && ` ${fault.help}`}
        </p>
      )}
      <div className="palette-list" role="listbox" id={`${id}-list`} aria-label={t("palette.title")}>
        {shown.map((item, index) => (
          <Option
            key={item.id}
            id={`${id}-${index}`}
            item={item}
            heading={item.group !== shown[index - 1]?.group ? t(`palette.groups.${item.group}`) : undefined}
            selected={index === at}
            onPick={() => void perform(item)}
          />
        ))}
      </div>
      <p className="sr-only" role="status">
        {t("palette.found", { count: shown.length })}
      </p>
      {shown.length === 0 && <p className="empty">{t("palette.none")}</p>}
    </Modal>
  );
}

interface OptionProps {
  id: string;
  item: PaletteItem;
  heading: string | undefined;
  selected: boolean;
  onPick: () => void;
}

function Option({ id, item, heading, selected, onPick }: OptionProps) {
  return (
    <>
      {heading && (
        <div className="palette-group" role="presentation">
          {heading}
        </div>
      )}
      <div
        role="option"
        id={id}
        aria-selected={selected}
        className="palette-option"
        data-group={item.group}
        onClick={onPick}
      >
        <span className="label">{item.label}</span>
        {item.hint && <span className="hint">{item.hint}</span>}
      </div>
    </>
  );
}
