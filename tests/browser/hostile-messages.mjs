// Messages that carry HTML are shown as the text they are: nothing of them runs or loads.
//
// CASCADE_URL, MARKER (a word that is in each message).
import assert from "node:assert/strict";

const { CASCADE_URL: url, MARKER: marker } = process.env;

export default async function (browser) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, locale: "en-GB" });
  const problems = [];
  const asked = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => asked.push(request.url()));

  await page.goto(url);
  const messages = page.getByTestId("message-item").filter({ hasText: marker });
  await messages.nth(2).waitFor();
  assert.equal(await messages.count(), 3);
  await unharmed("the control tower");
  const shown = (await messages.allInnerTexts()).join("\n");
  for (const part of ['<img src=x onerror="hacked=1">', "<script>hacked=2</script>", "<svg/onload=hacked=3>"]) {
    assert.ok(shown.includes(part), `${part} is not shown as it is:\n${shown}`);
  }

  // The same by the generic table, whose cells make links of what is called a link.
  await page.goto(`${url}/data/messages`);
  await page.getByTestId("data-row").filter({ hasText: marker }).first().waitFor();
  await unharmed("the generic table");
  assert.deepEqual(problems, []);

  // What the policy is for: a script in the page's own text does not run either.
  await page.evaluate(() => {
    document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.hacked=4'>");
    const script = document.createElement("script");
    script.textContent = "window.hacked = 5";
    document.body.append(script);
  });
  // Later, as what is called from here is exempt from the policy.
  await page.evaluate(() => {
    setTimeout(() => {
      try {
        window.evaluated = new Function("return 6")();
      } catch {
        window.evaluated = "refused";
      }
    });
  });
  await page.waitForFunction(() => window.evaluated !== undefined);
  await page.waitForTimeout(300);
  assert.deepEqual(await page.evaluate(() => [window.hacked, window.evaluated]), [undefined, "refused"]);
  assert.ok(problems.some((problem) => problem.includes("Content Security Policy")), problems.join("\n"));

  async function unharmed(where) {
    assert.equal(await page.evaluate(() => window.hacked), undefined, `something ran in ${where}`);
    const made = await page.locator("main img, main script, main iframe, main svg[onload], a[href^='javascript' i]").count();
    assert.equal(made, 0, `a message made elements in ${where}`);
    const strange = asked.filter((address) => !address.startsWith(url));
    assert.deepEqual(strange, [], `${where} asked elsewhere`);
  }
}
