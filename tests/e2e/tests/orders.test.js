// A shop's real order lines, where there are any: EPOCHCORE_ORDERS names a CSV file of order lines with the columns
// InvoiceNo, Quantity, InvoiceDate, UnitPrice, CustomerID and Country. Takes pictures; without the file it is skipped.
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { everyLook, visit } from "../src/look.js";
import { call, shows } from "../src/page.js";

const FILE = process.env.EPOCHCORE_ORDERS;
const skip = FILE ? false : "EPOCHCORE_ORDERS names no file";
const LIVE_FROM = Date.UTC(2011, 9, 15);
const PAGES = ["today", "hierarchy", "kpis", "approvals", "decisions", "levers", "connections", "reports", "settings"];
const METRICS = `
[[metric]]
key = "revenue"
title = "Revenue"
kind = "sum"
event = "order_line"
value = "amount"
format = "money"
better = "up"
domain = "sales"
segments = ["Country"]

[[metric]]
key = "orders"
title = "Orders"
kind = "unique"
event = "order_line"
of = "invoice"
where = "not starts_with(invoice, 'C')"
better = "up"
domain = "sales"
segments = ["Country"]

[[metric]]
key = "average_order_value"
title = "Average order value"
kind = "ratio"
numerator = { event = "order_line", value = "amount" }
denominator = { event = "order_line", of = "invoice" }
format = "money"
better = "up"
domain = "ecommerce"
segments = ["Country"]

[[metric]]
key = "active_customers"
title = "Active customers"
kind = "unique"
event = "order_line"
better = "up"
domain = "marketing"
segments = ["Country"]

[[metric]]
key = "return_rate"
title = "Return rate"
kind = "ratio"
numerator = { event = "order_line", of = "invoice", where = "starts_with(invoice, 'C')" }
denominator = { event = "order_line", of = "invoice" }
better = "down"
format = "percent"
domain = "operations"
segments = ["Country"]

[[lever]]
key = "list_price"
title = "List price, per cent of today's"
kind = "number"
min = 85
max = 110
step = 1
default = 100
domain = "pricing"
reversibility = "R1"

[[lever]]
key = "featured_gifts"
title = "Gifts featured on the front page"
kind = "number"
min = 0
max = 24
step = 4
default = 12
domain = "ecommerce"
reversibility = "R1"

[[lever]]
key = "shipping_offer"
title = "Shipping offer"
kind = "variant"
options = ["none", "free from £150", "free from £100"]
default = "none"
domain = "sales"
reversibility = "R1"

[[goal]]
metric = "revenue"
target = 100000
by = 2011-12-31

[[guardrail]]
metric = "return_rate"
worsens_by_at_most = "20 %"

[[policy]]
name = "A person is asked"
answer = "ask"
`;
let app, browser, card;
const objections = new Map();
const status = () => call(browser, "read", "status");

async function look(pages) {
  await everyLook(browser, pages, async (name, theme, size) => {
    for (const { id, at } of await violations(browser)) objections.set(`${name} ${theme} ${size.width}: ${id}`, at);
  });
}

before(async () => {
  if (skip) return;
  app = await start();
  browser = app.browser;
});
after(async () => app?.close());

test("history is fed and replayed from mid-October", { skip }, async () => {
  const made = await call(browser, "write", "create_business", {
    name: "Gift wholesaler",
    currency: "GBP",
    timezone: "Europe/London",
  });
  await appendFile(join(made.business.folder, "business.toml"), METRICS);
  await until("the change on disk", async () => {
    const { business, problems } = await call(browser, "read", "settings");
    assert.deepEqual(problems, []);
    return business.levers.length > 0;
  });
  const { mapping } = await call(browser, "read", "import_preview", {
    path: FILE,
    mapping: null,
  });
  await call(browser, "write", "import_start", {
    path: FILE,
    mapping: {
      ...mapping,
      event: "'order_line'",
      time: "InvoiceDate",
      unit: "CustomerID",
      id: null,
      props: {
        amount: "Quantity * UnitPrice",
        invoice: "InvoiceNo",
        Country: "Country",
        product: "StockCode",
      },
      only_mapped: true,
    },
    as_live: 2 * 86_400,
    live_from: LIVE_FROM,
    add_metrics: [],
  });
  const began = Date.now();
  await until("the replay", async () => (await status()).clock.mode === "replay", { timeout_ms: 300_000, every_ms: 500 });
  console.error(`fed until mid-October in ${((Date.now() - began) / 1000).toFixed(0)} s`);
});

test("a card comes and is answered", { skip }, async () => {
  [card] = await until(
    "a card",
    async () => {
      const cards = await call(browser, "read", "approvals");
      return cards.length > 0 && cards;
    },
    { timeout_ms: 240_000, every_ms: 250 },
  );
  console.error(`${card.id}: ${card.headline}`);
  await look([
    ...PAGES.map((page) => [`orders-${page}`, `#/${page}`]),
    ["orders-card", `#/approvals/${card.id}`],
    ["orders-kpi", "#/kpis/revenue?by=Country"],
    ["orders-kpi-returns", "#/kpis/return_rate?by=Country"],
  ]);
  await visit(browser, `#/approvals/${card.id}`);
  await shows(browser, card.headline);
  await browser.keys("1");
  await until("the answer", async () => {
    const { decision } = await call(browser, "read", "decision", {
      id: card.id,
    });
    return decision.state !== "pending";
  });
});

test("it is scored, and other cards are answered on the way", { skip }, async () => {
  await until(
    "the end",
    async () => {
      for (const waiting of await call(browser, "read", "approvals")) {
        const { card_hash } = await call(browser, "read", "decision", {
          id: waiting.id,
        });
        console.error(`${waiting.id}: ${waiting.headline}`);
        await call(browser, "write", "approve", {
          id: waiting.id,
          card_hash,
        });
      }
      return (await status()).import?.state === "done";
    },
    { timeout_ms: 240_000, every_ms: 250 },
  );
  const { decision } = await call(browser, "read", "decision", {
    id: card.id,
  });
  assert.equal(decision.state, "scored");
  await look([
    ["orders-end-today", "#/today"],
    ["orders-end-decisions", "#/decisions"],
    ["orders-end-decision", `#/decisions/${card.id}`],
    ["orders-end-kpis", "#/kpis"],
    ["orders-end-kpi", "#/kpis/revenue?by=Country"],
    ["orders-end-hierarchy", "#/hierarchy"],
    ["orders-end-reports", "#/reports"],
    ["orders-end-approvals", "#/approvals"],
  ]);
});

test("axe objects to nothing", { skip }, () => {
  assert.deepEqual(Object.fromEntries(objections), {});
});
