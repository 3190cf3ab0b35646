import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import type { Project } from "../../api/types";
import { RoleChoice } from "./role-choice";

afterEach(cleanup);

it("gives a role by the button, not by the choice", async () => {
  const onRole = vi.fn(async () => {});
  const project = { id: "p1", slug: "one", name: "One" } as Project;
  render(<RoleChoice project={project} role="" busy={false} onRole={onRole} />);
  const list = screen.getByLabelText<HTMLSelectElement>("One");
  expect(screen.queryByTestId("set-role")).toBeNull();
  // As an arrow key does to a list that is closed.
  for (const role of ["viewer", "editor"]) fireEvent.change(list, { target: { value: role } });
  expect(onRole).not.toHaveBeenCalled();
  await act(async () => screen.getByRole("button", { name: "Set role" }).click());
  expect(onRole.mock.calls).toEqual([["editor"]]);
  // From now on it shows what the host says.
  expect(list.value).toBe("");
});
