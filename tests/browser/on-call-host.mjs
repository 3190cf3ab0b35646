// Prints the jobs.toml of on-call.mjs: 72 jobs in 40 projects, of which some fail, hang, wait and say much.
//
//   node tests/browser/on-call-host.mjs /tmp/broken > jobs.toml     # while the file /tmp/broken is there, ship_07 fails
const broken = process.argv[2] ?? "/tmp/broken";
const NAMES = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple"];
const lines = ["[projects]"];
for (let nth = 0; nth < 40; nth++) lines.push(`${NAMES[nth % 8]}_${String(nth).padStart(2, "0")} = {}`);
const log = (from, to) =>
  `awk 'BEGIN { for (n = ${from}; n <= ${to}; n++) printf "{\\"type\\":\\"log\\",\\"level\\":\\"info\\",\\"message\\":\\"line %d of many\\"}\\n", n }'`;
const scripts = {
  7: `cat > /dev/null; if [ -e ${broken} ]; then echo '{"type":"error","message":"connection to 10.0.0.7:5432 refused","retry":false}'; exit 1; fi`,
  8: `cat > /dev/null; ${log(1, 100000)}`,
  9: `cat > /dev/null; echo '{"type":"error","message":"rate limit of the source","retry":true}'; exit 1`,
  10: "cat > /dev/null; sleep 3600",
};
for (let nth = 0; nth < 72; nth++) {
  const name = `ship_${String(nth).padStart(2, "0")}`;
  const attempts = nth === 9 ? 5 : 1;
  lines.push(`[jobs.${name}]`, `max_attempts = ${attempts}`, 'timeout = "2h"');
  if (nth === 9) lines.push('backoff = { initial = "30m", max = "1h" }');
  lines.push(`[jobs.${name}.executable]`, `command = ["sh", "-c", ${JSON.stringify(scripts[nth] ?? "cat > /dev/null")}]`);
}
console.log(lines.join("\n"));
