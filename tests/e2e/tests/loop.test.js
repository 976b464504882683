// From an empty folder to a scored decision, in the real window.
import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { everyLook, visit } from "../src/look.js";
import { call, fill, press, shows } from "../src/page.js";
import { DAYS, DROP_DAY, FIRST_DAY, SHOP_TOML, writeShop } from "../src/shop.js";

const DAY_MS = 86_400_000;
const PAGES = ["today", "hierarchy", "kpis", "approvals", "decisions", "levers", "connections", "reports", "settings"];
const all = (prefix) => PAGES.map((page) => [`${prefix}-${page}`, `#/${page}`]);
/** What axe objects to, by page; the last test reads it, so that one wrong label does not hide the rest of the path. */
const objections = new Map();
let app, browser, file, wrote, card, folder;

/** The pages in every look, with axe on each. */
async function look(pages) {
  await everyLook(browser, pages, async (name, theme, size) => {
    for (const { id, help, at } of await violations(browser)) {
      const key = `${id}: ${help}`;
      objections.set(key, [...(objections.get(key) ?? []), `${name} ${theme} ${size.width}: ${at.join("; ")}`]);
    }
  });
}
const status = () => call(browser, "read", "status");

before(async () => {
  app = await start();
  browser = app.browser;
  file = join(app.home, "shop orders.csv");
  wrote = await writeShop(file);
});
after(async () => app?.close());

test("an empty home offers a first step", async () => {
  await shows(browser, "Start with what you have");
  await look([["first-run", null]]);
});

test("a business is made", async () => {
  await press(browser, "Create a business");
  await fill(browser, "Name", "Corner shop");
  await fill(browser, "Timezone", "UTC");
  await press(browser, "Create");
  const view = await until("the business", async () => {
    const now = await status();
    return now.business && now;
  });
  assert.equal(view.business.name, "Corner shop");
  assert.match(view.gateway, /^http:\/\/127\.0\.0\.1:\d+$/, "SDKs can reach it");
  folder = view.business.folder;
});

test("every page says what it is while it is empty", async () => {
  await look([...all("empty"), ["empty-import", "#/import"]]);
});

test("KPIs and a lever are written down", async () => {
  await appendFile(join(folder, "business.toml"), SHOP_TOML);
  await until("the change on disk", async () => {
    const { business, problems } = await call(browser, "read", "settings");
    assert.deepEqual(problems, []);
    return business.levers.length > 0;
  });
});

test("a file is looked at and replayed as if it were live", async () => {
  await visit(browser, "#/import");
  await fill(browser, "Path of a file", file);
  await press(browser, "Look at it");
  await shows(browser, "First events it makes");
  await look([["import-preview", `#/import?path=${encodeURIComponent(file)}`]]);
  const preview = await call(browser, "read", "import_preview", { path: file, mapping: null });
  await call(browser, "write", "import_start", {
    path: file,
    mapping: { ...preview.mapping, event: "'order'" },
    as_live: 2 * 86_400,
    live_from: FIRST_DAY + (DROP_DAY - 3) * DAY_MS,
    add_metrics: [],
  });
});

test("the KPI is on screen and right", async () => {
  await until("days to pass", async () => {
    const view = await status();
    return view.clock.mode === "replay" && view.now >= FIRST_DAY + (DROP_DAY - 2) * DAY_MS;
  });
  await visit(browser, "#/kpis");
  await shows(browser, "Revenue");
  await shows(browser, "Orders");
  const { series } = await call(browser, "read", "kpi", {
    metric: "revenue",
    from: FIRST_DAY,
    to: FIRST_DAY + (DROP_DAY - 3) * DAY_MS,
  });
  const cents = wrote.rows
    .filter((r) => r.at < FIRST_DAY + (DROP_DAY - 3) * DAY_MS)
    .reduce((sum, r) => sum + Math.round(Number(r.amount) * 100), 0);
  assert.equal(Math.round(series.total.value * 100), cents, "to the cent");
});

test("the drop becomes a card, and time waits for the answer", async () => {
  const cards = await until("a card", async () => {
    const waiting = await call(browser, "read", "approvals");
    return waiting.length > 0 && waiting;
  }, { timeout_ms: 40_000, every_ms: 200 });
  card = cards[0];
  assert.equal(cards.length, 1);
  assert.match(card.headline, /Revenue/);
  assert.equal(card.act.kind, "set_lever");
  const held = await until("time to stand", async () => {
    const view = await status();
    return view.clock.held && view;
  });
  await sleep(700);
  assert.equal((await status()).now, held.now, "time stands while the card waits");
  const insights = await call(browser, "read", "insights", {});
  const found = insights.find((i) => i.id === card.insight);
  assert.equal(found.from, FIRST_DAY + DROP_DAY * DAY_MS, "found on the day it happened");
  assert.ok(found.drivers.some((driver) => ["DE", "phone"].includes(driver.value)), "and where");
  await visit(browser, "#/approvals");
  await shows(browser, card.headline);
});

test("every page can be looked at", async () => {
  await look([
    ...all("full"),
    ["full-kpi", "#/kpis/revenue"],
    ["full-kpi-country", "#/kpis/revenue?by=country"],
    ["full-card", `#/approvals/${card.id}`],
    ["full-policy", "#/settings/policy"],
  ]);
});

test("a policy beside the table of business.toml is not taken, and the page says why", async () => {
  assert.equal((await call(browser, "read", "policy")).from_file, false);
  await visit(browser, "#/settings/policy");
  await press(browser, "Edit policy");
  await shows(browser, "only one of them can be the policy");
  for (const { id, help, at } of await violations(browser)) objections.set(`${id}: ${help}`, [`policy: ${at.join("; ")}`]);
  await press(browser, "Close");
});

test("the card is approved by keyboard, executed and scored", async () => {
  await visit(browser, "#/approvals");
  await shows(browser, card.headline);
  await browser.keys("1");
  const decision = await until("the score", async () => {
    const view = await call(browser, "read", "decision", { id: card.id });
    return view.decision.state === "scored" && view.decision;
  }, { timeout_ms: 60_000, every_ms: 250 });
  const states = decision.history.map((h) => h.to);
  assert.deepEqual(states, ["draft", "pending", "approved", "executing", "executed", "observing", "scored"]);
  assert.match(decision.history.find((h) => h.to === "approved").actor, /^operator:/);
  assert.ok(Number.isFinite(decision.outcome.actual), "with a figure");
  const levers = JSON.parse(await readFile(join(folder, "levers.json"), "utf8"));
  assert.ok(JSON.stringify(levers).includes(`${card.act.to}`), "the lever has its new value");
});

test("where the decision comes from is on screen, and the journal holds", async () => {
  await until("the end of the file", async () => (await status()).import?.state === "done", { timeout_ms: 60_000 });
  const view = await status();
  assert.equal(view.events, wrote.count, "every row is an event");
  assert.ok(view.now >= FIRST_DAY + (DAYS - 1) * DAY_MS);
  await visit(browser, `#/decisions/${card.id}`);
  await shows(browser, "Where it comes from");
  await shows(browser, "Scored");
  const audit = await call(browser, "read", "audit");
  assert.equal(audit.problem, null);
  await look([
    ["scored-decision", `#/decisions/${card.id}`],
    ["scored-decisions", "#/decisions"],
    ["scored-today", "#/today"],
    ["scored-hierarchy", "#/hierarchy"],
  ]);
});

test("axe objects to nothing", () => {
  assert.deepEqual(Object.fromEntries(objections), {});
});
