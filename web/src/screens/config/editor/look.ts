import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: tags.propertyName, color: "var(--brand)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: tags.atom, color: "var(--fair)", fontWeight: "600" },
  { tag: tags.number, color: "var(--chart-3)" },
]);

const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
const wavy = (colour: string) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour}`,
  textUnderlineOffset: "3px",
});

const theme = EditorView.theme({
  "&": { background: "var(--panel)", color: "var(--ink)", fontSize: "14px", borderRadius: "8px" },
  "&.cm-focused": { outline: "2px solid var(--brand)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: MONO, lineHeight: "1.55", minHeight: "22rem", maxHeight: "68vh", borderRadius: "8px" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": {
    background: "var(--ground)",
    color: "var(--soft)",
    border: "0",
    borderRight: "1px solid var(--line)",
  },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--brand-soft) 45%, transparent)" },
  ".cm-activeLineGutter": { background: "var(--brand-soft)", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--mark)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    background: "var(--brand-soft)",
    outline: "1px solid var(--brand)",
  },
  ".cm-searchMatch": { background: "var(--mark)" },
  ".cm-panels": { background: "var(--ground)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panel input, .cm-panel button": {
    background: "var(--panel)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    backgroundImage: "none",
  },
  ".cm-panel.cm-search": { fontFamily: "system-ui, sans-serif", padding: "8px 10px" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button, .cm-panel.cm-search label": {
    fontSize: "13px",
    minHeight: "26px",
  },
  ".cm-tooltip": {
    background: "var(--panel)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    borderRadius: "8px",
    boxShadow: "0 6px 24px #0003",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: MONO, maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--brand-soft)", color: "var(--ink)" },
  ".cm-completionDetail": { color: "var(--soft)", fontStyle: "normal", marginLeft: "1em" },
  ".cm-completionIcon": { display: "none" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "26rem", font: "13px/1.5 system-ui, sans-serif" },
  ".cm-help": { padding: "7px 11px", maxWidth: "28rem", font: "13px/1.5 system-ui, sans-serif" },
  ".cm-help code": { fontFamily: MONO, color: "var(--brand)", display: "block" },
  ".cm-diagnostic": {
    padding: "7px 11px",
    borderLeft: "4px solid var(--bad)",
    font: "13px/1.5 system-ui, sans-serif",
    maxWidth: "32rem",
    overflowWrap: "anywhere",
  },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--fair)" },
  ".cm-diagnostic small": { display: "block", color: "var(--soft)", fontSize: "1em" },
  ".cm-lintRange-error": wavy("var(--bad)"),
  ".cm-lintRange-warning": wavy("var(--fair)"),
  ".cm-changedLine, .cm-inlineChangedLine": { background: "var(--good-soft) !important" },
  ".cm-deletedChunk": { background: "var(--bad-soft) !important", paddingLeft: "6px" },
  ".cm-deletedChunk, .cm-deletedChunk *": { color: "var(--ink) !important" },
  ".cm-changedText, .cm-deletedText": {
    background: "none !important",
    textDecoration: "underline",
    textDecorationThickness: "2px",
  },
  ".cm-collapsedLines": {
    background: "var(--ground) !important",
    color: "var(--soft)",
    fontFamily: "system-ui, sans-serif",
    padding: "3px 10px",
  },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"⋯"' },
  ".cm-deletedChunk .cm-chunkButtons": {
    position: "static",
    display: "flex",
    gap: "8px",
    padding: "4px 0",
    insetInlineEnd: "auto",
  },
  ".cm-chunkButtons button": {
    font: "13px system-ui, sans-serif",
    background: "var(--panel)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    borderRadius: "8px",
    padding: "3px 10px",
    margin: "0",
    minHeight: "28px",
    cursor: "pointer",
  },
});

/** TOML in the colours of the page, which are CSS variables and so follow its theme. */
export const look = [StreamLanguage.define(toml), syntaxHighlighting(colours), theme];
