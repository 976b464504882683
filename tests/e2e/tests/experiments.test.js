// Experiments in the real window: a test that ran elsewhere is read to its end, and a question of one's own is designed or refused.
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { DAYS, FIRST_DAY, RATES, SITE_TOML, TEST_DAY, writeVisits } from "../src/abtest.js";
import { everyLook, visit } from "../src/look.js";
import { call, fill, press, shows } from "../src/page.js";

const DAY_MS = 86_400_000;
const READ = { timeout_ms: 120_000, every_ms: 250 };
const objections = new Map();
let app, browser, folder, rows, asked;

async function look(pages) {
  await everyLook(browser, pages, async (name, theme, size) => {
    for (const { id, help, at } of await violations(browser)) {
      const rule = `${id}: ${help}`;
      objections.set(rule, [...(objections.get(rule) ?? []), `${name} ${theme} ${size.width}: ${at.join("; ")}`]);
    }
    const wide = await browser.execute(() => {
      const main = document.querySelector("main");
      return main && main.scrollWidth > main.clientWidth + 1 ? `${main.scrollWidth} > ${main.clientWidth}` : null;
    });
    if (wide) objections.set("scrolls sideways", [...(objections.get("scrolls sideways") ?? []), `${name} ${wide}`]);
  });
}
const story = (key = "onboarding") => call(browser, "read", "experiment", { key });
/** Chooses an option of the field with this label. */
async function choose(label, text) {
  await until(`${label}: ${text}`, () =>
    browser.execute(
      (label, text) => {
        const field = [...document.querySelectorAll("[role=dialog] select")].find((one) => one.labels[0]?.textContent.trim().startsWith(label));
        const option = [...(field?.options ?? [])].find((one) => one.textContent.trim().startsWith(text));
        if (!option) return false;
        field.value = option.value;
        field.dispatchEvent(new Event("change", { bubbles: true }));
        return true;
      },
      label,
      text,
    ),
  );
}

before(async () => {
  app = await start();
  browser = app.browser;
  await shows(browser, "Start with what you have");
  const status = await call(browser, "write", "create_business", { name: "Made-up site", timezone: "UTC", currency: null, folder: null });
  folder = status.business.folder;
  await browser.execute(() => location.reload());
  await shows(browser, "Made-up site");
});
after(async () => app?.close());

test("without any it says what an experiment is", async () => {
  await visit(browser, "#/experiments");
  await shows(browser, "No experiment yet");
  await look([
    ["experiments-none", "#/experiments"],
    ["experiments-none-portfolio", "#/experiments?view=portfolio"],
    ["experiments-none-hypotheses", "#/experiments?view=hypotheses"],
    ["experiments-none-new", "#/experiments?new=1"],
  ]);
});

test("a test that runs elsewhere is declared and its export read as if it were live", async () => {
  await appendFile(join(folder, "business.toml"), SITE_TOML);
  await until("the change on disk", async () => {
    const { business, problems } = await call(browser, "read", "settings");
    assert.deepEqual(problems, []);
    return business.experiments.length > 0;
  });
  const file = join(app.home, "site export.csv");
  rows = await writeVisits(file);
  const preview = await call(browser, "read", "import_preview", { path: file, mapping: null });
  await call(browser, "write", "import_start", {
    path: file,
    mapping: {
      ...preview.mapping,
      event: "event",
      time: "at",
      unit: "person",
      id: "id",
      props: { country: "country", device: "device", test: "test", arm: "arm", amount: "amount", $feature_flag: "flag", $feature_flag_response: "answer" },
      only_mapped: true,
    },
    as_live: 2 * 86_400,
    live_from: FIRST_DAY + (TEST_DAY + 3) * DAY_MS,
    hold: false,
    add_metrics: [],
  });
});

test("it is read day by day, and concluded", async () => {
  await until("the first look", async () => (await story()).readings.length > 0, READ);
  const view = await until("its end", async () => {
    const now = await story();
    return now.experiment.conclusion && now;
  }, READ);
  const { conclusion, spec, last } = view.experiment;
  assert.deepEqual(conclusion.call, { call: "ship", arm: "new" }, conclusion.text);
  assert.ok(view.readings.length > 1, `${view.readings.length} looks`);
  const truth = RATES.new / RATES.old - 1;
  assert.ok(conclusion.measured.low < truth && truth < conclusion.measured.high, `${truth} in ${JSON.stringify(conclusion.measured)}`);
  // The units are those of the file, person by person.
  const until_ms = last.at;
  const seen = rows.filter((r) => r.event === "experiment_viewed" && r.at < until_ms);
  assert.deepEqual(last.units, spec.arms.map((arm) => seen.filter((r) => r.arm === arm.key).length));
  assert.ok(until_ms <= FIRST_DAY + DAYS * DAY_MS);
});

test("its story says who saw it, what it did, and what follows", async () => {
  await visit(browser, "#/experiments");
  await shows(browser, "The new onboarding");
  await visit(browser, "#/experiments/onboarding");
  await shows(browser, /New is better/);
  for (const part of ["Who saw it", "What it did", "All metrics", "Design", "History"]) await shows(browser, part);
  await look([
    ["experiments-list", "#/experiments"],
    ["experiments-story", "#/experiments/onboarding"],
    ["experiments-portfolio", "#/experiments?view=portfolio"],
    ["experiments-hypotheses", "#/experiments?view=hypotheses"],
  ]);
});

test("a question nobody's traffic can answer is refused while it is asked", async () => {
  await visit(browser, "#/experiments?new=1&lever=unseen");
  await shows(browser, /It cannot be answered/, { timeout_ms: 20_000 });
  const stays = await browser.execute(() => document.querySelector("[role=dialog] [type=submit]").getAttribute("aria-disabled"));
  assert.equal(stays, "true", "it cannot be started");
  await look([["experiments-refused", null]]);
});

test("a question that can be answered says in how many days, and is asked", async () => {
  await visit(browser, "#/experiments");
  await visit(browser, "#/experiments?new=1");
  await choose("Lever", "Headline");
  await choose("Decides by", "Signup rate");
  await shows(browser, /About \d+ days?/, { timeout_ms: 20_000 });
  await look([["experiments-new", "#/experiments?new=1"]]);
  await press(browser, "Start experiment");
  const key = await until("its story", () => browser.execute(() => /^#\/experiments\/(.+)$/.exec(location.hash)?.[1] ?? null));
  const { experiment } = await until("its design", async () => {
    const view = await story(key);
    return (view.experiment.design ?? view.experiment.refusal) && view;
  }, READ);
  assert.deepEqual(experiment.spec.arms.map((arm) => arm.value), ["Hello", "Welcome"]);
  await look([["experiments-asked", `#/experiments/${key}`]]);
  asked = key;
});

test("its card says who gets what; approved it runs, and it is ended with a reason", async () => {
  const { card, card_hash } = await until("its card", async () => {
    const view = await story(asked);
    return view.card && view;
  });
  await visit(browser, `#/approvals/${card}`);
  await shows(browser, /100\s%\sof everyone are sorted\s+by chance/);
  await look([["experiments-card", `#/approvals/${card}`]]);
  await call(browser, "write", "approve", { id: card, card_hash });
  await until("it to run", async () => (await story(asked)).experiment.state === "running");
  await visit(browser, `#/experiments/${asked}`);
  await shows(browser, "Running");
  await look([["experiments-running", null]]);
  await press(browser, "End…");
  await fill(browser, "Why", "We write another headline");
  await press(browser, "End experiment");
  const { experiment } = await until("its end", async () => {
    const view = await story(asked);
    return ["stopped", "concluding", "archived"].includes(view.experiment.state) && view;
  });
  assert.ok(experiment.history.some((step) => step.reason.includes("We write another headline")), JSON.stringify(experiment.history));
});

test("axe objects to nothing", () => {
  assert.deepEqual(Object.fromEntries(objections), {});
});
