import { describe, expect, it } from "vitest";

import { placeAt } from "./place";
import { type Facts, helpAt, suggestionsAt } from "./suggest";

const key = (path: string, type: string, description = path) => ({ path, type, description });
const FACTS: Facts = {
  keys: [
    key("CASCADE_CHAINS", "table"),
    key("CASCADE_CHAINS.*", "list"),
    key("CASCADE_JOINS", "table"),
    key("CASCADE_JOINS.*", "table"),
    key("JOB_TO_DATA_MAP", "table"),
    key("JOB_TO_DATA_MAP.*", "list"),
    key("jobs", "table"),
    key("jobs.*", "table"),
    key("jobs.*.every", "duration", "A pause."),
    key("jobs.*.timezone", "time_zone"),
    key("jobs.*.enabled", "boolean"),
    key("jobs.*.backoff", "table"),
    key("jobs.*.backoff.factor", "number"),
    key("jobs.*.params", "table"),
    key("projects", "table"),
    key("projects.*", "table"),
    key("projects.*.name", "text"),
  ],
  jobs: ["fetch", "score"],
  data_keys: ["cards", "mail"],
  projects: ["atlas"],
  time_zones: ["UTC", "Europe/Berlin"],
  types: [
    {
      name: "fetch",
      version: "1.0.0",
      description: "Fetches mail.",
      origin: { kind: "compiled_in", plugin: "fetch", version: "1.0.0", location: null },
      params_schema: {
        type: "object",
        properties: {
          level: { $ref: "#/$defs/Level" },
          loud: { type: "boolean" },
          sources: { type: "array", items: { $ref: "#/$defs/Source" } },
        },
        $defs: {
          Level: { description: "How much.", enum: ["low", "high"] },
          Source: {
            type: "object",
            properties: { kind: { type: "string", enum: ["mbox", "feed"] }, path: { type: "string" } },
          },
        },
      },
    },
  ] as unknown as Facts["types"],
};

/** `|` is the cursor. */
function at(marked: string) {
  const position = marked.indexOf("|");
  return [marked.replace("|", ""), position] as const;
}
const labels = (marked: string) => suggestionsAt(...at(marked), FACTS)?.options.map(({ label }) => label);

describe("placeAt", () => {
  it.each([
    ["[jo|", "header", [], "jo"],
    ["[jobs.fe|]\n", "header", ["jobs"], "fe"],
    ["[jobs.x]\nev|", "key", ["jobs", "x"], "ev"],
    ["[jobs.x]\nbackoff.fa|", "key", ["jobs", "x", "backoff"], "fa"],
    ["[jobs.x]\nbackoff = { fa|", "key", ["jobs", "x", "backoff"], "fa"],
    ['a = """\n[b]\n"""\nc|', "key", [], "c"],
    ["[jobs.x]\nenabled = tr|", "value", ["jobs", "x", "enabled"], "tr"],
    ['[C]\na = ["x", # one\n  "y|', "value", ["C", "a"], "y"],
    ['[[jobs.x.params.sources]]\nkind = "m|', "value", ["jobs", "x", "params", "sources", "kind"], "m"],
    ["[jobs.x]\nbroken\nev|", "key", ["jobs", "x"], "ev"],
    ['x = "forgotten\ny|', "key", [], "y"],
  ])("%s", (marked, kind, path, word) => {
    expect(placeAt(...at(marked))).toMatchObject({ kind, path, word });
  });

  it.each(["# [jo|", 'a = "x" # b|', 'a = "x"|', 'a = ["x"]|', "[jobs.x] |"])("is nowhere: %s", (marked) => {
    expect(placeAt(...at(marked))).toBeUndefined();
  });
});

describe("suggestionsAt", () => {
  it.each([
    ["[|", ["CASCADE_CHAINS", "CASCADE_JOINS", "JOB_TO_DATA_MAP", "jobs", "projects"]],
    ["[jobs.|", ["fetch", "score"]],
    ["[jobs.fetch.|", ["backoff", "params"]],
    ["[CASCADE_CHAINS]\n|", ["fetch", "score"]],
    ["[CASCADE_CHAINS]\nfetch = [|", ["score"]],
    ["[CASCADE_JOINS]\n|", ["fetch", "score"]],
    ["[CASCADE_JOINS]\nscore = { all_of = [|", ["fetch"]],
    ["[CASCADE_JOINS.score]\nall_of = [|", ["fetch"]],
    ['[JOB_TO_DATA_MAP]\nfetch = ["cards", "|', ["mail"]],
    ["[jobs.fetch]\n|", ["every", "timezone", "enabled", "backoff", "params"]],
    ["[jobs.fetch]\nenabled = |", ["true", "false"]],
    ['[jobs.fetch]\ntimezone = "|', ["UTC", "Europe/Berlin"]],
    ["[jobs.fetch.backoff]\n|", ["factor"]],
    ["[projects.atlas]\n|", ["name"]],
    ["[jobs.fetch.params]\n|", ["level", "loud", "sources"]],
    ['[jobs.fetch.params]\nlevel = "|', ["low", "high"]],
    ["[jobs.fetch.params]\nsources = [{ |", ["kind", "path"]],
    ['[jobs.fetch.params]\nsources = [{ kind = "|', ["mbox", "feed"]],
    ["[jobs.score.params]\n|", undefined],
    ["[retention]\n|", undefined],
  ])("%s", (marked, wanted) => {
    expect(labels(marked)).toEqual(wanted);
  });

  it("writes what a key needs, and quotes where none are open", () => {
    const template = (marked: string, label: string) =>
      suggestionsAt(...at(marked), FACTS)?.options.find((option) => option.label === label)?.template;
    expect(template("[jobs.fetch]\n|", "every")).toBe('every = "${}"');
    expect(template("[CASCADE_CHAINS]\n|", "fetch")).toBe("fetch = [${}]");
    expect(template("[CASCADE_CHAINS]\nfetch = [|", "score")).toBe('"score"');
    expect(template('[CASCADE_CHAINS]\nfetch = ["|', "score")).toBeUndefined();
  });
});

describe("helpAt", () => {
  const help = (marked: string) => helpAt(...at(marked), FACTS);
  it("explains a key from its middle", () => {
    expect(help('[jobs.fetch]\nev|ery = "1m"')).toMatchObject({
      title: "jobs.fetch.every",
      help: "A pause.",
      from: 13,
      to: 18,
    });
  });
  it("says what a job does, by name or as a downstream", () => {
    expect(help("[jobs.fe|tch]")?.help).toBe("Fetches mail.");
    expect(help('[CASCADE_CHAINS]\nscore = ["fe|tch"]')?.help).toBe("Fetches mail.");
    expect(help('[CASCADE_JOINS]\nscore = { all_of = ["fe|tch"] }')?.help).toBe("Fetches mail.");
  });
  it("knows the params of a job", () => {
    expect(help('[jobs.fetch.params]\nle|vel = "low"')?.help).toBe("How much.");
  });
  it("has nothing to say of a comment", () => {
    expect(help("# ev|ery")).toBeUndefined();
  });
});
