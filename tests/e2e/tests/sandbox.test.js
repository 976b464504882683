// The simulated business from the first run on: history is filled, the banner drives time, the truth is told when asked for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { SIZES, everyLook, resize, shot } from "../src/look.js";
import { call, press, shows } from "../src/page.js";

const FILLED = { timeout_ms: 120_000 };
const WEEK_MS = 7 * 86_400_000;
let app;
before(async () => (app = await start()));
after(async () => app?.close());

/** Every look of these pages, each without a fault; a page that runs sideways out of its window is one. */
async function clean(pages) {
  const faults = [];
  await everyLook(app.browser, pages, async (name, theme, { width }) => {
    for (const one of await violations(app.browser)) faults.push({ name, theme, width, ...one });
    const beyond = await app.browser.execute(() => document.documentElement.scrollWidth - innerWidth);
    if (beyond > 0) faults.push({ name, theme, width, beyond });
  });
  assert.deepEqual(faults, []);
}

/** Chooses the radio button with this value. */
async function choose(value) {
  await until(`the choice ${value}`, () =>
    app.browser.execute((wanted) => {
      const radio = document.querySelector(`input[type=radio][value="${wanted}"]`);
      radio?.click();
      return radio?.checked ?? false;
    }, value),
  );
}

test("the first run offers it first", async () => {
  await shows(app.browser, "Start with what you have");
  const first = await app.browser.execute(() => document.querySelector(".ways b").textContent);
  assert.equal(first, "Try the sandbox business…");
  await clean([["sandbox-first", null]]);
  await press(app.browser, "Try the sandbox business…");
  await shows(app.browser, "What kind of year");
  await press(app.browser, "Advanced…");
  await shows(app.browser, "Seed");
  // A theme is changed by loading the page anew, which would lead back to the offers; a size is not.
  for (const size of [SIZES[1], SIZES[0]]) {
    await resize(app.browser, size);
    assert.deepEqual(await violations(app.browser), []);
    await shot(app.browser, `sandbox-choose-${size.width}x${size.height}`);
  }
});

test("a short year of the shop is filled, then Today opens below the banner", async () => {
  await choose("tiny");
  await press(app.browser, "Two weeks");
  await press(app.browser, "Start");
  await shows(app.browser, /Filling history|Simulated business/);
  await shows(app.browser, /Simulated business:[\s\S]*Day \d+/, FILLED);
  await until("Today", () => app.browser.execute(() => location.hash === "#/today"));
  await until("the engine to have read it", async () => (await call(app.browser, "read", "sandbox")).phase !== "filling", FILLED);
  const { events, transport } = await call(app.browser, "read", "sandbox");
  assert.ok(events > 1000, `${events} events in two weeks`);
  assert.equal(transport, "live");
});

test("the company is a process of its own that comes in through the gateway", async () => {
  const before = await call(app.browser, "read", "sandbox");
  await until("live events", async () => {
    const { events, problem } = await call(app.browser, "read", "sandbox");
    assert.equal(problem, null);
    return events > before.events;
  });
  const { readers } = await call(app.browser, "read", "lever", { key: "headline" });
  const company = readers.find((one) => one.client.startsWith("sandbox-company"));
  assert.equal(company?.protocol, "ofrep", JSON.stringify(readers));
});

test("a week is skipped and the day on the banner moves", async () => {
  const day = () => app.browser.execute(() => Number(/Day (\d+)/.exec(document.querySelector(".day").textContent)[1]));
  await press(app.browser, "Skip a week");
  const before = await call(app.browser, "read", "sandbox");
  const target = (before.skipping_until ?? before.now + WEEK_MS) - 3_600_000;
  const shown = await day();
  // A card that waits would hold time where it stands: it may.
  await call(app.browser, "write", "sandbox_speed", { speed: 3600, hold: false });
  await until("the week to pass", async () => (await call(app.browser, "read", "sandbox")).now >= target, FILLED);
  await until("the day to move", async () => (await day()) >= shown + 5);
});

test("what happens next is begun, not told", async () => {
  await call(app.browser, "write", "sandbox_speed", { speed: 0 });
  await shows(app.browser, /Day \d+, paused/);
  const done = await call(app.browser, "write", "sandbox_inject", { kind: "price_war" });
  assert.equal(done.injected[0].kind, "price_war");
});

test("the truth is hidden until it is asked for, and every look of it is clean", async () => {
  await app.browser.execute(() => (location.hash = "#/sandbox"));
  await shows(app.browser, "This spoils the game");
  await clean([["sandbox-hidden", "#/sandbox"]]);
  await app.browser.execute(() => [...document.querySelectorAll("main button")].find((b) => b.textContent.trim() === "Reveal the truth").click());
  await shows(app.browser, "0 = doing nothing, 1 = knowing everything", FILLED);
  await shows(app.browser, "What moves what");
  await clean([
    ["sandbox-truth", "#/sandbox"],
    ["sandbox-today", "#/today"],
  ]);
});

test("a reset begins again, with the same luck", async () => {
  const { folder } = (await call(app.browser, "read", "status")).business;
  const made = await call(app.browser, "write", "sandbox_reset");
  assert.equal(made.business.folder, folder);
  await until("history again", async () => (await call(app.browser, "read", "sandbox")).phase !== "filling", FILLED);
  const again = await call(app.browser, "read", "sandbox");
  assert.deepEqual([again.injected, again.seed, again.transport, again.problem], [[], 1, "live", null]);
});

test("deleting it asks for a word and leads back to the first run", async () => {
  const { folder } = (await call(app.browser, "read", "status")).business;
  assert.match(folder, /sandbox-tiny$/);
  const left = await call(app.browser, "write", "sandbox_delete");
  assert.equal(left.business, null);
  await shows(app.browser, "Start with what you have");
});
