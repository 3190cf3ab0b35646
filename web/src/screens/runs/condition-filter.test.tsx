import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { ConditionFilter } from "./condition-filter";

vi.mock("../jobs/jobs-data", () => {
  const type = (name: string, field: string) => ({
    name,
    args_schema: { properties: { [field]: { type: "string", enum: ["low", "high"] } } },
    output_schema: {},
  });
  return { useJobTypes: () => ({ data: { items: [type("sync", "level"), type("score", "depth")] } }) };
});

afterEach(cleanup);

function filter(jobs: string[], conditions: string[] = []) {
  const onChange = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ConditionFilter jobs={jobs} conditions={conditions} onChange={onChange} />
    </QueryClientProvider>,
  );
  const field = screen.getByRole("combobox");
  const type = (value: string) => fireEvent.change(field, { target: { value } });
  const press = (key: string) => fireEvent.keyDown(field, { key });
  const options = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);
  return { onChange, field, type, press, options };
}

it("finds a field, then one of its values, by the keyboard", () => {
  const { onChange, field, type, press, options } = filter([]);
  type("lev");
  expect(options()).toEqual(["args.level=string"]);
  press("ArrowDown");
  press("Enter");
  expect((field as HTMLInputElement).value).toBe("args.level=");
  expect(options()).toEqual(["args.level=low", "args.level=high"]);
  press("ArrowUp");
  press("Enter");
  expect(onChange).toHaveBeenLastCalledWith(["args.level=high"]);
});

it("knows only the fields of the jobs of the filter, and takes what is typed whole", () => {
  const { onChange, type, press, options } = filter(["score"], ["args.a=1"]);
  type("args");
  expect(options()).toEqual(["args.depth=string"]);
  type("output.new");
  press("Enter");
  expect(onChange).not.toHaveBeenCalled();
  type("output.new > 0");
  press("Enter");
  expect(onChange).toHaveBeenLastCalledWith(["args.a=1", "output.new > 0"]);
});

it("takes no more than the host does", () => {
  const { field } = filter([], ["args.a=1", "args.b=1", "args.c=1", "args.d=1"]);
  expect((field as HTMLInputElement).disabled).toBe(true);
});
