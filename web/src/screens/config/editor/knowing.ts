import { type Completion, type CompletionSource, snippetCompletion } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";

import { type Facts, helpAt, type Suggestion, suggestionsAt } from "./suggest";

const TYPES = { table: "namespace", key: "property", name: "class", value: "constant" } as const;

const BEGUN = /(["'.[]|[=,] ?)$/;

/** Completion in the editor, from what is known by the time somebody types. */
export function completionsOf(facts: () => Facts | undefined): CompletionSource {
  return ({ state, pos, explicit }) => {
    const known = facts();
    const found = known && suggestionsAt(state.doc.toString(), pos, known);
    // An empty place gets suggestions when asked for, or when something was just begun.
    if (!found || (!explicit && found.from === pos && !BEGUN.test(state.sliceDoc(pos - 2, pos)))) return null;
    return { from: found.from, options: found.options.map(completion), validFor: /^[\w/+-]*$/ };
  };
}

function completion({ label, template, kind, detail, help }: Suggestion): Completion {
  const shown: Completion = { label, type: TYPES[kind], ...(detail && { detail }), ...(help && { info: help }) };
  return template === undefined ? shown : snippetCompletion(template, shown);
}

/** What a key means or a job does, while the mouse rests on it. */
export function helpOf(facts: () => Facts | undefined): Extension {
  return hoverTooltip((view, position) => {
    const known = facts();
    const found = known && helpAt(view.state.doc.toString(), position, known);
    if (!found) return null;
    return {
      pos: found.from,
      end: found.to,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-help";
        dom.append(Object.assign(document.createElement("code"), { textContent: found.title }), found.help);
        return { dom };
      },
    };
  });
}
