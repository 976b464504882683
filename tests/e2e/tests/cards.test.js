// A hundred mixed cards, answered by keyboard alone, in the real window.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { everyLook, visit } from "../src/look.js";
import { call, shows } from "../src/page.js";

const KINDS = [
  ...Array.from({ length: 40 }, (_, n) => ({ lever: `easy_${n}`, reversibility: "R1" })),
  ...Array.from({ length: 30 }, (_, n) => ({ lever: `costly_${n}`, reversibility: "R2" })),
  ...Array.from({ length: 15 }, (_, n) => ({ lever: `final_${n}`, reversibility: "R3" })),
  ...Array.from({ length: 15 }, (_, n) => ({ letter: n, reversibility: "R2" })),
];
const TOML = [
  '[business]\nname = "Hundred"\ntimezone = "UTC"\n',
  "\n[limits]\ncards_per_day = 200\nexposure_per_decision = \"10 %\"\n",
  '\n[[effect]]\nkey = "letters"\nkind = "file"\npath = "letters/{date}.md"\nappend = true\nreversibility = "R2"\n',
  ...KINDS.filter((k) => k.lever).map(
    ({ lever, reversibility }) =>
      `\n[[lever]]\nkey = "${lever}"\nkind = "number"\nmin = 0\nmax = 10\nstep = 1\ndefault = 1\ndomain = "pricing"\nreversibility = "${reversibility}"\n`,
  ),
].join("");
const EXPIRES_IN = 2 * 86_400_000;

let app, browser;
/** How each card was meant to be answered. */
const meant = new Map();
const open = () => call(browser, "read", "approvals");

before(async () => {
  app = await start();
  browser = app.browser;
  await call(browser, "write", "create_business", { name: "Hundred", timezone: "UTC" });
  await call(browser, "write", "save_config", { toml: TOML });
  await until("the levers", async () => {
    const settings = await call(browser, "read", "settings");
    assert.deepEqual(settings.problems, []);
    return settings.business.levers.length > 80;
  });
});
after(async () => app?.close());

test("a hundred proposals wait", async () => {
  for (const [n, { lever, letter, reversibility }] of KINDS.entries()) {
    const act = lever
      ? { kind: "set_lever", lever, to: 2 }
      : { kind: "call_effect", effect: "letters", payload: { text: `Letter ${letter}` } };
    const headline = `${reversibility}, number ${n}`;
    const card = await call(browser, "write", "propose", {
      draft: { key: `card-${n}`, headline, act, expires_in: EXPIRES_IN + n * 60_000 },
    });
    assert.equal(card.state, "pending", JSON.stringify(card.history));
  }
  assert.equal((await open()).length, 100);
});

test("the full inbox can be looked at", async () => {
  const objections = [];
  await everyLook(browser, [["hundred-approvals", "#/approvals"]], async (name, theme, size) => {
    for (const { id, at } of await violations(browser)) objections.push(`${name} ${theme} ${size.width} ${id}: ${at}`);
  });
  assert.deepEqual(objections, []);
});

/** What is on screen: the card that is open, and the dialog over it. */
const seen = () =>
  browser.execute(() => {
    const on = document.querySelector('[aria-label="Cards that wait"] [aria-current=true]');
    const dialog = document.querySelector("[role=dialog]");
    return {
      row: on?.innerText ?? null,
      headline: document.querySelector("#card h2, #card h1, #card article h2")?.innerText ?? null,
      dialog: dialog?.innerText ?? null,
      word: dialog?.querySelector("label b")?.innerText ?? null,
      typing: document.activeElement?.tagName === "INPUT" && dialog?.contains(document.activeElement),
      typed: dialog?.querySelector("input")?.value ?? null,
    };
  });
async function settled(what, probe) {
  let now;
  try {
    return await until(what, async () => {
      now = await seen();
      return probe(now) && now;
    });
  } catch (error) {
    throw new Error(`${what}: ${JSON.stringify(now)}`, { cause: error });
  }
}
const number = (row) => Number(/R\d, number (\d+)/.exec(row ?? "")?.[1] ?? NaN);

test("all of them are answered by keyboard", async () => {
  await visit(browser, "#/approvals");
  await shows(browser, "100 cards wait");
  const began = Date.now();
  for (let turn = 0; turn < 100; turn++) {
    const now = await settled("a card", ({ row, dialog }) => dialog === null && Number.isFinite(number(row)));
    const n = number(now.row);
    assert.ok(!meant.has(n), `card ${n} comes once`);
    const { reversibility } = KINDS[n];
    const left = 100 - meant.size;
    const how = n % 7 === 3 ? "veto" : n % 11 === 5 ? "later" : "approve";
    meant.set(n, how);
    if (how === "veto") {
      await browser.keys("3");
      await settled("the reasons", ({ dialog }) => dialog?.includes("not now") || dialog?.includes("Not now"));
      await browser.keys(["ArrowDown"]);
      await browser.keys(["Enter"]);
    } else if (how === "later") {
      await browser.keys("h");
      await settled("the times", ({ dialog }) => dialog?.includes("In 4 hours"));
      await browser.keys("2");
    } else {
      await browser.keys("1");
      if (reversibility === "R2") {
        await settled("a second look", ({ dialog }) => dialog !== null);
        await browser.keys(["Enter"]);
      } else if (reversibility === "R3") {
        const { word } = await settled("something to type", ({ word, typing }) => word !== null && typing);
        // One by one: keys given together are held together.
        for (const letter of word) await browser.keys(letter);
        await settled("the word", ({ typed }) => typed === word);
        await browser.keys(["Enter"]);
      }
    }
    if (left > 1) await settled("the next card", ({ row, dialog }) => dialog === null && number(row) !== n);
  }
  const took = (Date.now() - began) / 1000;
  console.log(`100 cards in ${took.toFixed(0)} s`);
  assert.ok(took < 300, `under five minutes, took ${took} s`);
  await until("an empty inbox", async () => (await open()).length === 0);
  await shows(browser, /Nothing waits for you/);
});

test("each was done as it was answered, once", async () => {
  const { decisions } = await call(browser, "read", "decisions", { states: [], limit: 200 });
  const wrong = [];
  for (const d of decisions) {
    const n = number(d.headline);
    const how = meant.get(n);
    const approvals = d.history.filter((step) => step.to === "approved").length;
    const fits = {
      approve: ["executing", "executed", "observing", "scored"].includes(d.state) && approvals === 1,
      veto: d.state === "rejected" && approvals === 0,
      later: d.state === "pending" && d.deferred_until !== null,
    }[how];
    if (!fits) wrong.push(`${d.headline}: ${how}, is ${d.state}`);
  }
  assert.deepEqual(wrong, []);
  assert.equal(decisions.length, 100);
  assert.equal((await call(browser, "read", "audit")).problem, null);
});
