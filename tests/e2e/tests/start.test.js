// How soon the console shows data after it was started, what it asks for, and that it rests when nothing happens.
import assert from "node:assert/strict";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { appendFile } from "node:fs/promises";
import { makeHome, start, until } from "../src/app.js";
import { call, shows } from "../src/page.js";
import { SHOP_TOML, writeShop } from "../src/shop.js";

/** A debug build on a busy machine; a release is far below. */
const SOON_MS = 5_000;
const TICKS_PER_S = 100;
let home, app;

before(async () => {
  home = await makeHome();
  const first = await start({ home });
  const { browser } = first;
  const made = await call(browser, "write", "create_business", { name: "Corner shop", currency: "EUR", timezone: "UTC" });
  await appendFile(join(made.business.folder, "business.toml"), SHOP_TOML);
  await until("the KPIs", async () => (await call(browser, "read", "settings")).business.metrics.length > 0);
  const file = join(home, "orders.csv");
  await writeShop(file);
  const { mapping } = await call(browser, "read", "import_preview", { path: file, mapping: null });
  await call(browser, "write", "import_start", { path: file, mapping: { ...mapping, event: "'order'" }, add_metrics: [] });
  await until("the import", async () => (await call(browser, "read", "status")).import?.state === "done", { timeout_ms: 60_000 });
  await first.close();
  app = await start({ home });
});
after(async () => {
  await app?.close();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

/** Processes of the app: itself and the webview's, by the data home they were started with. */
async function processes() {
  const found = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8");
      const name = (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
      if (!environment.includes(`EPOCHCORE_HOME=${home}`) || !/^(epochcore|WebKitWeb|WebKitNetwork)/.test(name)) continue;
      const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ");
      found.push({ pid, name, ticks: Number(fields[11]) + Number(fields[12]), started: Number(fields[19]) });
    } catch {
      // It ended meanwhile.
    }
  }
  return found.filter(({ name }) => name !== "WebKitWebDriver");
}

test("data is on screen soon after the start", async () => {
  await shows(app.browser, "What moved, and why");
  const shell = (await processes()).find(({ name }) => name.startsWith("epochcore"));
  const uptime_s = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
  const began = Date.now() - (uptime_s - shell.started / TICKS_PER_S) * 1000;
  const page = await app.browser.execute(() => ({
    origin: performance.timeOrigin,
    marks: performance.getEntriesByType("mark").map(({ name, startTime }) => [name, Math.round(startTime)]),
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  }));
  const today = page.marks.find(([name]) => name === "read today")[1];
  const after_ms = (at) => Math.round(page.origin + at - began);
  console.error(`page begun ${after_ms(0)} ms, painted ${after_ms(page.painted)} ms, data ${after_ms(today)} ms after the start`);
  console.error(`asked: ${page.marks.map(([name, at]) => `${name} (${at} ms)`).join(", ")}`);
  assert.ok(after_ms(today) < SOON_MS, `data after ${after_ms(today)} ms`);
  const asked = page.marks.map(([name]) => name);
  assert.equal(new Set(asked).size, asked.length, "nothing is asked for twice");
});

test("the console rests when nothing happens", async () => {
  await sleep(2_000);
  const before = await processes();
  const seconds = 6;
  await sleep(seconds * 1000);
  const now = await processes();
  const used = now.map(({ pid, name, ticks }) => {
    const was = before.find((process) => process.pid === pid)?.ticks ?? ticks;
    return { name, percent: (100 * (ticks - was)) / TICKS_PER_S / seconds };
  });
  console.error(used.map(({ name, percent }) => `${name} ${percent.toFixed(1)} %`).join(", "));
  const all = used.reduce((sum, { percent }) => sum + percent, 0);
  assert.ok(all < 5, `${all.toFixed(1)} % of a core`);
});
