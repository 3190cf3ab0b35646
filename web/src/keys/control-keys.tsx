import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "#i18n";
import { lazyPart } from "../layout/lazy-part";
import { useScopedNavigate } from "../layout/project-scope";
import "./keys.css";
import { useKeyboard, useShortcuts } from "./use-shortcuts";

const Palette = lazyPart(() => import("../palette/palette"));
const ShortcutHelp = lazyPart(() => import("./shortcut-help"));
/** Once the first screen has had its time: what is typed right after the key must not be lost. */
const PRELOAD_MS = 1500;

/** The keyboard of every screen, and the button of the palette for those who have none. */
export function ControlKeys() {
  const { t } = useTranslation();
  const navigate = useScopedNavigate();
  const [open, setOpen] = useState<"palette" | "help">();
  useKeyboard();
  useEffect(() => {
    const timer = setTimeout(
      () => void Promise.all([Palette.preload(), ShortcutHelp.preload()]).catch(() => {}),
      PRELOAD_MS,
    );
    return () => clearTimeout(timer);
  }, []);
  const goTo = (keys: string, path: string, label: string) => ({
    keys,
    label,
    run: () => navigate(path),
  });
  useShortcuts([
    { keys: "mod+k", label: "keys.palette", run: () => setOpen("palette") },
    { keys: "?", label: "keys.help", run: () => setOpen("help") },
    goTo("g t", "/", "keys.go_tower"),
    goTo("g g", "/graph", "keys.go_graph"),
    goTo("g j", "/jobs", "keys.go_jobs"),
    goTo("g r", "/runs", "keys.go_runs"),
    goTo("g d", "/data", "keys.go_data"),
    goTo("g c", "/config", "keys.go_config"),
  ]);
  const close = () => setOpen(undefined);
  return (
    <>
      <button
        type="button"
        className="palette-button"
        aria-keyshortcuts="Control+K Meta+K"
        data-testid="palette-button"
        onClick={() => setOpen("palette")}
      >
        <Search size={15} aria-hidden />
        <span className="sr-only">{t("palette.title")} </span>
        <kbd>Ctrl K</kbd>
      </button>
      {open === "palette" && <Palette onClose={close} />}
      {open === "help" && <ShortcutHelp onClose={close} />}
    </>
  );
}
