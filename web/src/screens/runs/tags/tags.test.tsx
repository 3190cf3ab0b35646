import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";

import { ChosenTags, TagFilter } from "./tag-filter";

vi.mock("../../../layout/project-scope", () => ({ useProjectScope: () => ({ projectId: undefined }) }));

describe("tags of the filter", () => {
  it("are added once each and taken away by name", () => {
    const onChange = vi.fn();
    render(
      <QueryClientProvider client={new QueryClient()}>
        <TagFilter tags={["red"]} onChange={onChange} />
        <ChosenTags tags={["red", "a, b"]} onChange={onChange} />
      </QueryClientProvider>,
    );
    const field = screen.getByTestId("tag-input");
    fireEvent.change(field, { target: { value: " blue " } });
    fireEvent.keyDown(field, { key: "Enter" });
    expect(onChange).toHaveBeenLastCalledWith(["red", "blue"]);
    fireEvent.change(field, { target: { value: "red" } });
    fireEvent.keyDown(field, { key: "Enter" });
    expect(onChange).toHaveBeenCalledTimes(1);
    fireEvent.click(screen.getByRole("button", { name: /a, b/ }));
    expect(onChange).toHaveBeenLastCalledWith(["red"]);
  });
});
