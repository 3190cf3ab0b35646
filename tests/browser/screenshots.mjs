// The pictures of the README, docs/*.png, from a host on the bundled sample:
//
//   cargo run                                  # in another terminal, in a copy of the repository's folder
//   CASCADE_URL=http://127.0.0.1:7878 node tests/browser/screenshots.mjs
//
// CASCADE_URL; OUT: folder, docs/ if not given. Changes nothing on the host but starts one job.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";

import { launch } from "./page.mjs";

const { CASCADE_URL: url, OUT: out = fileURLToPath(new URL("../../docs/", import.meta.url)) } = process.env;
const WIDTH = 1280;

const browser = await launch();
mkdirSync(out, { recursive: true });
try {
  const page = await open("light");
  await page.goto(url);
  await page.getByTestId("recommendation-item").first().waitFor();
  await page.setViewportSize({ width: WIDTH, height: 1060 });
  await shoot(page, "control-tower");
  await page.setViewportSize({ width: WIDTH, height: 800 });

  await page.goto(`${url}/graph`);
  await page.getByTestId("graph-node").first().waitFor();
  const { items } = await (await fetch(`${url}/api/projects`)).json();
  await fetch(`${url}/api/jobs/signals_extraction/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ project_id: items[0].id }),
  });
  // Some of the cascade is over, some still runs.
  await page.locator("[data-testid=graph-node][data-now=running]").first().waitFor({ timeout: 5000 }).catch(() => {});
  await shoot(page, "graph");
  await page.close();

  const dark = await open("dark");
  const { items: runs } = await (await fetch(`${url}/api/jobs/runs?job_type=health_scoring&state=completed`)).json();
  await dark.goto(`${url}/runs/${runs.at(-1).id}`);
  await dark.getByTestId("cascade-trace").waitFor();
  await shoot(dark, "trace");

  await dark.goto(`${url}/config/cascades`);
  await dark.getByTestId("graph-node").first().waitFor();
  await dark.getByLabel("When this job succeeds").selectOption("embeddings_run");
  await dark.getByLabel("run this job").selectOption("health_scoring");
  await dark.getByRole("button", { name: "Add", exact: true }).click();
  await dark.waitForTimeout(1500);
  await shoot(dark, "configuration");
} finally {
  await browser.close();
}

async function open(colorScheme) {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 800 }, locale: "en-GB", colorScheme });
  return context.newPage();
}

async function shoot(page, name) {
  await page.locator("[data-testid=connection-badge][data-state=live]").waitFor();
  await page.waitForTimeout(1800);
  const png = await fewColours(page, await page.screenshot());
  writeFileSync(join(out, `${name}.png`), png);
  console.log(`${name}.png: ${Math.round(png.length / 1024)} KiB`);
}

/** A picture of a screen needs no more than 256 colours: a third of the size. */
async function fewColours(page, png) {
  const blank = await page.context().browser().newPage();
  const pixels = await blank.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = "";
    for (let at = 0; at < data.length; at += 30_000) text += String.fromCharCode(...data.subarray(at, at + 30_000));
    return btoa(text);
  }, png.toString("base64"));
  await blank.close();
  const rgba = Buffer.from(pixels, "base64");
  return indexed(rgba, WIDTH, rgba.length / 4 / WIDTH);
}

/** RGBA as a PNG with a palette: the commonest colours, and for the rest the nearest of them. */
function indexed(rgba, width, height) {
  const counts = new Map();
  for (let at = 0; at < rgba.length; at += 4) {
    const colour = (rgba[at] << 16) | (rgba[at + 1] << 8) | rgba[at + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [];
  const apart = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  // Shades that nobody could tell apart take one place only.
  for (const [colour] of [...counts].sort((a, b) => b[1] - a[1])) {
    if (palette.length < 256 && palette.every((known) => apart(known, colour) > (palette.length < 32 ? 3 : 90))) palette.push(colour);
  }
  const places = new Map();
  const placeOf = (colour) => {
    let place = places.get(colour);
    if (place === undefined) {
      place = palette.reduce((best, known, at) => (apart(known, colour) < apart(palette[best], colour) ? at : best), 0);
      places.set(colour, place);
    }
    return place;
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      rows[y * (width + 1) + 1 + x] = placeOf((rgba[at] << 16) | (rgba[at + 1] << 8) | rgba[at + 2]);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", head), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
