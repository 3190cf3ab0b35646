import { render } from "@testing-library/react";
import { expect, it } from "vitest";

import { Breakable, partsOf } from "./breakable";

it("lets a line end between the words of a name and the folders of a path", () => {
  expect(partsOf("a_job_of_many_words")).toEqual(["a_", "job_", "of_", "many_", "words"]);
  expect(partsOf("plugins/a-b/src/lib.rs:154")).toEqual(["plugins/", "a-", "b/", "src/", "lib.", "rs:", "154"]);
  expect(partsOf("a__b::c")).toEqual(["a__", "b::", "c"]);
  const { container } = render(<Breakable text="two_words" />);
  expect(container.innerHTML).toBe("two_<wbr>words");
});
