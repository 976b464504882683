// A month of visits to a site, then a test that somebody else's tool ran on it: made up but reproducible, the effect known.
import { writeFile } from "node:fs/promises";

const DAY_MS = 86_400_000;
export const FIRST_DAY = Date.UTC(2026, 1, 2);
/** From this day on (counted from 0) every new visitor is in the test. */
export const TEST_DAY = 30;
export const DAYS = 58;
const PER_DAY = 240;
/** How many of the visitors sign up, by arm: the new onboarding is better by three tenths. */
export const RATES = { old: 0.2, new: 0.26 };

/** mulberry32: small, seeded, good enough for a site. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Rows in order of time: `{ at, event, person, country, device, test, arm, flag, answer, amount }`. */
export function visits(seed = 11) {
  const next = random(seed);
  const rows = [];
  let person = 0;
  for (let day = 0; day < DAYS; day += 1) {
    const weekend = day % 7 >= 5;
    const count = Math.round(PER_DAY * (weekend ? 0.7 : 1) * (0.95 + next() * 0.1));
    for (let i = 0; i < count; i += 1) {
      person += 1;
      const at = FIRST_DAY + day * DAY_MS + Math.floor(next() * DAY_MS * 0.9);
      const who = {
        person: `p${person}`,
        country: ["DE", "DE", "FR", "AT"][Math.floor(next() * 4)],
        device: next() < 0.6 ? "phone" : "computer",
      };
      const arm = next() < 0.5 ? "old" : "new";
      const tested = day >= TEST_DAY;
      rows.push({ at, event: "visit", ...who });
      // The product reads a lever, so that a question about it can be designed.
      rows.push({ at: at + 1000, event: "$feature_flag_called", flag: "headline", answer: "Hello", ...who });
      if (tested) rows.push({ at: at + 2000, event: "experiment_viewed", test: "onboarding", arm, ...who });
      if (next() < (tested ? RATES[arm] : RATES.old)) {
        rows.push({ at: at + 60_000 + Math.floor(next() * 3_600_000), event: "signup", amount: (9 + next() * 20).toFixed(2), ...who });
      }
    }
  }
  return rows.sort((a, b) => a.at - b.at);
}

/** Writes them as a tool would export them. */
export async function writeVisits(path, rows = visits()) {
  const columns = ["event", "person", "country", "device", "test", "arm", "flag", "answer", "amount"];
  const lines = rows.map((row, i) => [i + 1, new Date(row.at).toISOString(), ...columns.map((name) => row[name] ?? "")].join(","));
  await writeFile(path, [["id", "at", ...columns].join(","), ...lines, ""].join("\n"));
  return rows;
}

/** What the founder writes down: the metrics, a lever, and the test that runs elsewhere. */
export const SITE_TOML = `
[[metric]]
key = "signup_rate"
title = "Signup rate"
kind = "proportion"
numerator = { event = "signup" }
denominator = { event = "visit" }
within = "1d"
format = "percent"
better = "up"
domain = "product"
segments = ["country", "device"]

[[metric]]
key = "revenue"
title = "Revenue"
kind = "sum"
event = "signup"
value = "amount"
format = "money"
better = "up"
domain = "sales"
segments = ["country"]

[[guardrail]]
metric = "revenue"
worsens_by_at_most = "2 %"

[[lever]]
key = "headline"
title = "Headline"
kind = "variant"
options = ["Hello", "Welcome"]
default = "Hello"
domain = "content"
reversibility = "R1"

[[lever]]
key = "unseen"
title = "A switch nobody reads"
kind = "boolean"
default = false
domain = "product"
reversibility = "R1"

[[policy]]
name = "A person is asked"
answer = "ask"

[experiments]
on = false

[[experiment]]
key = "onboarding"
title = "The new onboarding"
hypothesis = "Fewer steps, more who finish"
arms = ["old", "new"]
metric = "signup_rate"
secondary = ["revenue"]
guardrails = []
mde = "15 %"
exposure = { event = "experiment_viewed", arm = "arm", where = "test == 'onboarding'" }
from = ${new Date(FIRST_DAY + TEST_DAY * DAY_MS).toISOString().slice(0, 10)}
`;
