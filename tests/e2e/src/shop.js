// A shop's orders and visits, made up but reproducible: calm weeks, then checkout breaks for phones in Germany.
import { writeFile } from "node:fs/promises";

export const DAYS = 92;
/** From this day on (counted from 0) the planted drop holds; what is left is longer than the decision's horizon. */
export const DROP_DAY = 70;
export const FIRST_DAY = Date.UTC(2026, 0, 5);
const DAY_MS = 86_400_000;

/** mulberry32: small, seeded, good enough for a shop. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** All orders in order of time: `{ id, at, customer, country, device, amount }`. */
export function orders(seed = 7) {
  const next = random(seed);
  const rows = [];
  for (let day = 0; day < DAYS; day += 1) {
    const weekend = day % 7 >= 5;
    const count = Math.round((weekend ? 70 : 110) * (0.95 + next() * 0.1));
    for (let i = 0; i < count; i += 1) {
      const country = ["DE", "DE", "DE", "FR", "AT"][Math.floor(next() * 5)];
      const device = next() < 0.6 ? "phone" : "computer";
      const lost = day >= DROP_DAY && country === "DE" && device === "phone" && next() < 0.9;
      const amount = (18 + next() * 30).toFixed(2);
      const at = FIRST_DAY + day * DAY_MS + Math.floor(next() * DAY_MS);
      if (!lost) rows.push({ at, customer: `c${Math.floor(next() * 900)}`, country, device, amount });
    }
  }
  rows.sort((a, b) => a.at - b.at);
  return rows.map((row, i) => ({ id: `o${i + 1}`, ...row }));
}

/** Writes them as a shop would export them; answers what the file holds. */
export async function writeShop(path, rows = orders()) {
  const lines = rows.map((r) =>
    [r.id, new Date(r.at).toISOString().slice(0, 19).replace("T", " "), r.customer, r.country, r.device, r.amount].join(","),
  );
  await writeFile(path, ["order_id,ordered_at,customer,country,device,amount", ...lines, ""].join("\n"));
  return { rows, count: rows.length, cents: rows.reduce((sum, r) => sum + Math.round(Number(r.amount) * 100), 0) };
}

/** What the founder writes for it: KPIs, the lever that may move, and that a person is asked. */
export const SHOP_TOML = `
[[metric]]
key = "revenue"
title = "Revenue"
kind = "sum"
event = "order"
value = "amount"
format = "money"
better = "up"
domain = "sales"
segments = ["country", "device"]

[[metric]]
key = "orders"
title = "Orders"
kind = "count"
event = "order"
better = "up"
domain = "sales"
segments = ["country"]

[[metric]]
key = "customers"
title = "Active customers"
kind = "unique"
event = "order"
better = "up"
domain = "ecommerce"

[[goal]]
metric = "revenue"
target = 3000

[[lever]]
key = "plan_price"
title = "Price of the plan"
kind = "number"
min = 10
max = 40
step = 1
default = 29
domain = "pricing"
reversibility = "R1"

[[policy]]
name = "A person is asked"
answer = "ask"
`;
