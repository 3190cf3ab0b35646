import { expect, it } from "vitest";

import { siblingKeys } from "./sibling-keys";

const sources = import.meta.glob("../**/*.tsx", { query: "?raw", import: "default", eager: true }) as Record<
  string,
  string
>;

it("finds two computed keys side by side, also behind conditions", () => {
  const inside = (children: string) => siblingKeys("a.tsx", `const a = <div>${children}</div>;`).length;
  expect(inside("<A key={job} /><h3 /><B key={job} />")).toBe(1);
  expect(inside("<A key={job} />{type ? <B key={job} /> : <p />}")).toBe(1);
  expect(inside("{on && <A key={a} />}{(<B key={b}>text</B>)}")).toBe(1);
  expect(inside("<A key={job} /><p><B key={job} /></p>")).toBe(0);
  expect(inside("<A key={job} />{on ? <B key='b' /> : <C />}")).toBe(0);
  expect(inside("{on ? <A key={a} /> : <B key={a} />}")).toBe(0);
  expect(inside("{all.map((each) => <A key={each} />)}")).toBe(0);
});

it("finds none in the screens", () => {
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(Object.entries(sources).flatMap(([file, text]) => siblingKeys(file, text))).toEqual([]);
});
