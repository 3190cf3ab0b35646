import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { View } from "../../api/types";
import { actionInput } from "./action-input";
import { RowActions } from "./row-actions";

const SCHEMA = {
  type: "object",
  properties: { id: { type: "string" }, reason: { type: "string" }, note: { type: "string" } },
  required: ["id", "reason"],
};
const action = (required: string[]) => ({
  name: "close",
  description: "Closes it.",
  input_schema: { ...SCHEMA, required },
});

const view = (required: string[]) =>
  ({ key: "tickets", row_schema: {}, actions: [action(required)], sortable: [] }) as unknown as View;

describe("actionInput", () => {
  it("asks nothing when the row gives all that is required", () => {
    expect(actionInput(SCHEMA, { id: "7", reason: "done", other: 1 })).toEqual({ filled: { id: "7", reason: "done" } });
  });

  it("asks what the row does not give, and null gives nothing", () => {
    const { filled, rest } = actionInput(SCHEMA, { id: "7", reason: null });
    expect(filled).toEqual({ id: "7" });
    expect(rest).toMatchObject({ required: ["reason"], properties: { reason: {}, note: {} } });
    expect(rest?.properties).not.toHaveProperty("id");
  });
});

describe("RowActions", () => {
  const sent: [string, unknown][] = [];
  const onDone = vi.fn();
  const onFault = vi.fn();
  let refusal: object | undefined;

  beforeEach(() => {
    sent.length = 0;
    refusal = undefined;
    vi.clearAllMocks();
    vi.stubGlobal("fetch", async (path: string, init: { body: string }) => {
      sent.push([path, JSON.parse(init.body)]);
      return new Response(JSON.stringify(refusal ? { error: refusal } : {}), { status: refusal ? 400 : 200 });
    });
  });
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });

  const show = (required: string[], id = "7") =>
    render(<RowActions view={view(required)} row={{ id }} onDone={onDone} onFault={onFault} />);

  it("acts at one click when it can", async () => {
    show(["id"]);
    fireEvent.click(screen.getByText("Close"));
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    expect(sent).toEqual([["/api/data/tickets/actions/close", { id: "7" }]]);
  });

  it("tells what the host says against it", async () => {
    refusal = { message: "it is closed" };
    show(["id"]);
    fireEvent.click(screen.getByText("Close"));
    await waitFor(() => expect(onFault).toHaveBeenCalledWith(expect.objectContaining({ message: "it is closed" })));
    expect(onDone).not.toHaveBeenCalled();
  });

  it("asks first otherwise, and keeps to its row when the table moves on", async () => {
    const { rerender } = show(["id", "reason"]);
    fireEvent.click(screen.getByText("Close…"));
    const reason = await screen.findByLabelText(/^reason/);
    rerender(<RowActions view={view(["id", "reason"])} row={{ id: "8" }} onDone={onDone} onFault={onFault} />);
    expect(sent).toEqual([]);
    fireEvent.change(reason, { target: { value: "done" } });
    fireEvent.click(screen.getByText("Close", { selector: "button[type=submit]" }));
    await waitFor(() => expect(onDone).toHaveBeenCalled());
    expect(sent).toEqual([["/api/data/tickets/actions/close", { id: "7", reason: "done" }]]);
  });
});
