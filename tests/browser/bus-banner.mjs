// Watches one open page while the test outside kills Redis and starts it again.
// Speaks to it by lines: what has been seen.
export default async function (browser) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en" });
  await page.goto(`${process.env.CASCADE_URL}/jobs`);
  const badge = page.getByTestId("connection-badge");
  const banner = page.getByTestId("bus-banner");
  const wait = { timeout: 60_000 };
  await badge.filter({ hasText: "over Redis" }).waitFor(wait);
  if (await banner.isVisible()) throw new Error("a banner in the normal case");
  console.log("over redis");

  await banner.filter({ hasText: "Events arrive over PostgreSQL: Redis does not respond." }).waitFor(wait);
  await badge.filter({ hasText: "over PostgreSQL" }).waitFor(wait);
  await page.screenshot({ path: `${process.env.ARTEFACTS}/bus-banner.png` });
  console.log("over postgres");

  await badge.filter({ hasText: "over Redis" }).waitFor(wait);
  await banner.waitFor({ state: "detached", ...wait });
  console.log("over redis");
}
