import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import SchemaForm from "./schema-form";

/** As schemars 1 writes it for a struct with an enum, an option, a nested struct and a list. */
const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Params",
  type: "object",
  properties: {
    host: { description: "Whom to ask.", type: "string" },
    limit: { description: "At most so many.", type: "integer", format: "uint32", minimum: 1, maximum: 50, default: 10 },
    since: { description: "From when on.", type: ["string", "null"], format: "date-time", default: null },
    note: { type: ["string", "null"] },
    level: { description: "How loud.", $ref: "#/$defs/Level", default: "calm" },
    fallback: { anyOf: [{ $ref: "#/$defs/Level" }, { type: "null" }], default: null },
    pause: { $ref: "#/$defs/Pause" },
    retry: { anyOf: [{ $ref: "#/$defs/Pause" }, { type: "null" }] },
    targets: { type: "array", items: { $ref: "#/$defs/Target" }, default: [] },
    labels: { type: "object", additionalProperties: { type: "integer", format: "int64" } },
    extra: true,
    verbose: { type: "boolean", default: false },
  },
  required: ["host", "pause"],
  additionalProperties: false,
  $defs: {
    Level: {
      oneOf: [
        { description: "Says little.", type: "string", const: "calm" },
        { type: "string", enum: ["loud", "shrill"] },
      ],
    },
    Pause: {
      type: "object",
      properties: { seconds: { type: "number", format: "double", minimum: 0, default: 1.5 } },
    },
    Target: {
      type: "object",
      properties: { path: { type: "string" }, depth: { type: "integer", format: "uint8", default: 2 } },
      required: ["path"],
    },
  },
};

function form(initial: unknown, schema: object = SCHEMA, fault?: Error) {
  const onSubmit = vi.fn<(data: unknown) => void>();
  const props = { schema: schema as typeof SCHEMA, submitLabel: "Go", busy: false, onSubmit };
  const view = render(<SchemaForm {...props} initial={initial} fault={fault} />);
  return { onSubmit, go: () => fireEvent.click(screen.getByText("Go")), ...view };
}

const type = (label: RegExp | string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

afterEach(cleanup);

describe("SchemaForm", () => {
  it("fills in what is in force and what the schema presets, and leaves out the optional", () => {
    const { onSubmit, go } = form({ host: "a.example", limit: 7, note: null });
    go();
    expect(onSubmit).toHaveBeenCalledWith({
      host: "a.example",
      limit: 7,
      level: "calm",
      pause: { seconds: 1.5 },
      targets: [],
      verbose: false,
    });
  });

  it("makes the params object of what is typed", async () => {
    const { onSubmit, go } = form({});
    type(/^host/, "b.example");
    type("limit", "20");
    type("note", "hello");
    type("level", "shrill");
    type("fallback", "calm");
    type("extra", '{"any": [1, null]}');
    fireEvent.click(screen.getByLabelText("verbose"));
    fireEvent.change(within(screen.getByRole("group", { name: /^pause/ })).getByLabelText("seconds"), {
      target: { value: "0.25" },
    });
    const targets = within(screen.getByRole("group", { name: "targets" }));
    fireEvent.click(targets.getByText("Add"));
    fireEvent.change(await targets.findByLabelText(/^path/), { target: { value: "/srv" } });
    go();
    expect(onSubmit).toHaveBeenCalledWith({
      host: "b.example",
      limit: 20,
      note: "hello",
      level: "shrill",
      fallback: "calm",
      pause: { seconds: 0.25 },
      targets: [{ path: "/srv", depth: 2 }],
      extra: { any: [1, null] },
      verbose: true,
    });
  });

  it("adds and takes away an optional group", () => {
    const { onSubmit, go } = form({ host: "a" });
    const retry = () => within(screen.getByRole("group", { name: "retry" }));
    fireEvent.click(retry().getByRole("button"));
    fireEvent.change(retry().getByLabelText("seconds"), { target: { value: "4" } });
    go();
    expect(onSubmit).toHaveBeenLastCalledWith(expect.objectContaining({ retry: { seconds: 4 } }));
    fireEvent.click(retry().getByRole("button"));
    go();
    expect(onSubmit.mock.lastCall?.[0]).not.toHaveProperty("retry");
  });

  it("sends nothing that does not fit, and says where and why", () => {
    const { onSubmit, go } = form({ host: "a", limit: 51, targets: [{}] });
    type(/^host/, "");
    go();
    expect(onSubmit).not.toHaveBeenCalled();
    const alert = screen.getByRole("alert").textContent;
    expect(alert).toContain("host is required");
    expect(alert).toContain("limit must be at most 50");
    expect(alert).toContain("targets.0.path is required");
  });

  it("does not send JSON that is none", () => {
    const { onSubmit, go } = form({ host: "a" });
    type("extra", "{");
    go();
    expect(onSubmit).not.toHaveBeenCalled();
    type("extra", "{}");
    go();
    expect(onSubmit).toHaveBeenCalledWith(expect.objectContaining({ extra: {} }));
  });

  it("shows what the host refused at its field", async () => {
    const { container } = form({ host: "a" }, SCHEMA, new Error("params/pause/seconds: too long"));
    await waitFor(() => expect(container.querySelector(".faults")?.textContent).toBe("too long"));
    expect(screen.getAllByText(/too long/).length).toBe(2);
  });

  it("takes params of no known shape as JSON", () => {
    const { onSubmit, go } = form({ a: 1 }, {});
    expect(screen.getByRole<HTMLTextAreaElement>("textbox").value).toContain('"a": 1');
    fireEvent.change(screen.getByRole("textbox"), { target: { value: '{"a": 2}' } });
    go();
    expect(onSubmit).toHaveBeenCalledWith({ a: 2 });
  });
});
