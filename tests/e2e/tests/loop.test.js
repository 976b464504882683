// From an empty folder to a scored decision, in the real window.
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { everyLook, visit } from "../src/look.js";
import { call, fill, press, shows } from "../src/page.js";
import { DROP_DAY, FIRST_DAY, SHOP_TOML, writeShop } from "../src/shop.js";

const DAY_MS = 86_400_000;
/** What axe objects to, by page; the last test reads it, so that one wrong label does not hide the rest of the path. */
const objections = new Map();
let app, browser, file, wrote;

/** The page in every look, with axe on each. */
async function look(name) {
  await everyLook(browser, name, async (theme, size) => {
    for (const { id, help, at } of await violations(browser)) {
      const key = `${id}: ${help}`;
      objections.set(key, [...(objections.get(key) ?? []), `${name} ${theme} ${size.width}: ${at.join("; ")}`]);
    }
  });
}

before(async () => {
  app = await start();
  browser = app.browser;
  file = join(app.home, "shop orders.csv");
  wrote = await writeShop(file);
});
after(async () => app?.close());

test("an empty home offers a first step", async () => {
  await shows(browser, "Start with what you have");
  await look("first-run");
});

test("a business is made", async () => {
  await press(browser, "Create a business");
  await fill(browser, "Name", "Corner shop");
  await fill(browser, "Timezone", "UTC");
  await press(browser, "Create");
  const status = await until("the business", async () => {
    const view = await call(browser, "read", "status");
    return view.business && view;
  });
  assert.equal(status.business.name, "Corner shop");
  await appendFile(join(status.business.folder, "business.toml"), SHOP_TOML);
  await until("the change on disk", async () => {
    const { business, problems } = await call(browser, "read", "settings");
    assert.deepEqual(problems, []);
    return business.metrics.length > 0;
  });
});

test("a file is looked at and replayed as if it were live", async () => {
  await visit(browser, "#/import");
  await fill(browser, "Path of a file", file);
  await press(browser, "Look at it");
  await shows(browser, "First events it makes");
  await look("import-preview");
  const preview = await call(browser, "read", "import_preview", { path: file, mapping: null });
  await call(browser, "write", "import_start", {
    path: file,
    mapping: { ...preview.mapping, event: "'order'" },
    as_live: 86_400,
    live_from: FIRST_DAY + (DROP_DAY - 4) * DAY_MS,
    add_metrics: [],
  });
  await until("events", async () => (await call(browser, "read", "status")).events > wrote.count / 2, { timeout_ms: 60_000 });
});

test("the KPI is on screen and right", async () => {
  await visit(browser, "#/kpis");
  await shows(browser, "Revenue");
  await look("kpis");
});

test("the drop becomes a card", async () => {
  const cards = await until("a card", async () => {
    const waiting = await call(browser, "read", "approvals");
    return waiting.length > 0 && waiting;
  }, { timeout_ms: 120_000, every_ms: 500 });
  await visit(browser, "#/approvals");
  await shows(browser, cards[0].title);
  await look("approvals");
});

test("the card is approved by keyboard, executed and scored", async () => {
  const [card] = await call(browser, "read", "approvals");
  await visit(browser, `#/approvals/${card.id}`);
  await browser.keys("1");
  const seen = new Set();
  await until("the score", async () => {
    const { decision } = await call(browser, "read", "decision", { id: card.id });
    seen.add(decision.state);
    return decision.state === "scored";
  }, { timeout_ms: 120_000, every_ms: 250 });
  await visit(browser, `#/decisions/${card.id}`);
  await look("decision");
});

test("every page can be looked at", async () => {
  for (const page of ["today", "hierarchy", "kpis", "approvals", "decisions", "connections", "reports", "settings"]) {
    await visit(browser, `#/${page}`);
    await look(`full-${page}`);
  }
});

test("axe objects to nothing", () => {
  assert.deepEqual(Object.fromEntries(objections), {});
});
