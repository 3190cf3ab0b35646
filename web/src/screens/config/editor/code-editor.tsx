import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintGutter, lintKeymap, type Diagnostic as Mark, setDiagnostics } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { type KeyboardEvent, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "#i18n";
import type { Diagnostic } from "../../../api/types";
import { completionsOf, helpOf } from "./knowing";
import { look } from "./look";
import { rangeOf } from "./range";
import type { Facts } from "./suggest";

interface Props {
  text: string;
  onChange: (text: string) => void;
  label: string;
  readOnly?: boolean;
  diagnostics?: Diagnostic[];
  facts?: Facts;
  /** Undo is the draft's, which holds the edits of forms too. */
  onUndo?: () => void;
  onRedo?: () => void;
  /** Shows what differs from this text, to be taken or left place by place. */
  against?: string;
  /** A line to show, from 1; another object shows it again. */
  reveal?: { line: number; column: number };
}

/** A command of the editor that is always taken: no other may follow the same keys. */
const done = (act: () => void) => () => {
  act();
  return true;
};

const fromOutside = Annotation.define<boolean>();

/**
 * A text of jobs.toml to edit. It lives in a shadow root, where its styles are adopted sheets: a page
 * with a strict CSP lets no script write a `<style>`.
 */
export default function CodeEditor(props: Props) {
  const { text, label, readOnly = false, diagnostics, against, reveal } = props;
  const { t, i18n } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  const writable = useMemo(() => new Compartment(), []);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!host.current) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const phrases = t("config.editor.phrases", { returnObjects: true }) as Record<string, string>;
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          EditorState.phrases.of(phrases),
          writable.of(access(latest.current.readOnly)),
          EditorView.contentAttributes.of({
            "aria-label": label,
            tabindex: "0",
            spellcheck: "false",
            "data-testid": "code",
          }),
          BASE,
          keymap.of([
            { key: "Mod-z", run: done(() => latest.current.onUndo?.()), preventDefault: true },
            { key: "Mod-y", mac: "Mod-Shift-z", run: done(() => latest.current.onRedo?.()), preventDefault: true },
            { key: "Ctrl-Shift-z", run: done(() => latest.current.onRedo?.()), preventDefault: true },
            ...KEYS,
          ]),
          autocompletion({ override: [completionsOf(() => latest.current.facts)] }),
          helpOf(() => latest.current.facts),
          EditorView.updateListener.of((update) => {
            const own = !update.transactions.some((transaction) => transaction.annotation(fromOutside));
            if (update.docChanged && own) latest.current.onChange(update.state.doc.toString());
          }),
          ...(against === undefined ? [] : [merging(against, t)]),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
    // Another language, label or text to compare with is another editor.
  }, [writable, label, i18n.language, t, against]);

  useEffect(() => {
    const editor = view.current;
    if (editor) takeText(editor, text);
  }, [text]);

  useEffect(() => {
    view.current?.dispatch({ effects: writable.reconfigure(access(readOnly)) });
  }, [writable, readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (editor && diagnostics)
      editor.dispatch(
        setDiagnostics(
          editor.state,
          diagnostics.map((each) => markOf(editor, each)),
        ),
      );
  }, [diagnostics, i18n.language, label, against]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !reveal) return;
    const { from } = rangeOf(editor.state.doc.toString(), { ...NOWHERE, ...reveal });
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    editor.focus();
  }, [reveal]);

  // Outside of the shadow root nobody sees that this is a text field: single keys stay here.
  const keep = (event: KeyboardEvent) => !event.ctrlKey && !event.metaKey && event.stopPropagation();
  return <div ref={host} className="code-editor" data-testid="code-editor" onKeyDown={keep} />;
}

const NOWHERE: Diagnostic = { severity: "error", message: "", line: 0, column: 0, key: "", help: null };

const BASE: Extension = [
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  drawSelection(),
  crosshairCursor(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  lintGutter(),
  look,
  EditorView.lineWrapping,
  EditorState.tabSize.of(4),
];

/** Tab is not among them: it leads out of the editor. */
const KEYS = [...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...completionKeymap, ...lintKeymap];

const access = (readOnly = false) => [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];

/** Only what differs is replaced, so that the cursor and the scroll stay where they are. */
function takeText(editor: EditorView, text: string): void {
  const now = editor.state.doc.toString();
  if (now === text) return;
  let from = 0;
  while (from < now.length && from < text.length && now[from] === text[from]) from++;
  let [to, end] = [now.length, text.length];
  while (to > from && end > from && now[to - 1] === text[end - 1]) [to, end] = [to - 1, end - 1];
  editor.dispatch({ changes: { from, to, insert: text.slice(from, end) }, annotations: fromOutside.of(true) });
}

function markOf(editor: EditorView, diagnostic: Diagnostic): Mark {
  const { severity, message, help } = diagnostic;
  const renderMessage = () => {
    const box = document.createElement("div");
    box.append(message);
    if (help) box.append(Object.assign(document.createElement("small"), { textContent: help }));
    return box;
  };
  return { ...rangeOf(editor.state.doc.toString(), diagnostic), severity, message, renderMessage };
}

function merging(original: string, t: (key: string) => string): Extension {
  return unifiedMergeView({
    original,
    highlightChanges: true,
    gutter: true,
    collapseUnchanged: { margin: 3, minSize: 4 },
    allowInlineDiffs: false,
    mergeControls: (type, action) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = t(type === "reject" ? "config.conflict.take_disk" : "config.conflict.keep_mine");
      // A click of the mouse or of a key.
      button.addEventListener("click", action);
      return button;
    },
  });
}
