// A product is connected and reads a lever, in the real window: the page says by itself when the first event is here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, until } from "../src/app.js";
import { violations } from "../src/axe.js";
import { everyLook, visit } from "../src/look.js";
import { call, fill, press, shows } from "../src/page.js";

const objections = new Map();
let app, browser, gateway, key;

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
const post = (path, token, body) =>
  fetch(`${gateway}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

before(async () => {
  app = await start();
  browser = app.browser;
  await shows(browser, "Start with what you have");
  const status = await call(browser, "write", "create_business", { name: "Corner shop", timezone: "UTC", currency: null, folder: null });
  gateway = status.gateway;
  assert.match(gateway, /^http:\/\/127\.0\.0\.1:\d+$/, "SDKs can reach it");
  await browser.execute(() => location.reload());
});
after(async () => app?.close());

test("both pages say what they are while they are empty", async () => {
  await visit(browser, "#/connections");
  await shows(browser, "Connect a product");
  await look([
    ["connect-empty-sources", "#/connections"],
    ["connect-empty-add", "#/connections/add"],
    ["connect-empty-schema", "#/connections/schema"],
    ["connect-empty-refused", "#/connections/refused"],
    ["connect-empty-keys", "#/connections/keys"],
    ["connect-empty-targets", "#/connections/targets"],
    ["connect-empty-people", "#/connections/people"],
    ["connect-empty-levers", "#/levers"],
    ["connect-empty-add-lever", "#/levers?add=lever"],
  ]);
});

test("a source is added in three clicks", async () => {
  await visit(browser, "#/connections");
  await press(browser, "Add a source");
  await press(browser, "PostHog SDK");
  await shows(browser, "Its events carry the source web");
  await press(browser, "Create source");
  await shows(browser, "Waiting for the first event");
  const view = await call(browser, "read", "connections");
  key = view.keys.find((one) => one.name === "web").value;
  await shows(browser, `posthog.init('${key}'`);
  assert.equal(view.sources.find((one) => one.key === "web").title, "Web");
  await look([["connect-waiting", null]]);
});

test("the first event shows by itself", async () => {
  await visit(browser, "#/connections/sources/web");
  await shows(browser, "Waiting for the first event");
  const answer = await post("/batch/", key, {
    api_key: key,
    batch: [{ event: "signup", distinct_id: "user_1", properties: { plan: "pro", seats: 3 }, timestamp: new Date().toISOString() }],
  });
  assert.equal(answer.status, 200);
  await shows(browser, /First event received: signup from user_1,\s+\d+ s ago/);
  await look([["connect-first-event", null]]);
});

test("its schema, its person and what was refused are found", async () => {
  await post("/batch/", key, { api_key: key, batch: [{ event: "", distinct_id: "user_2", properties: {} }] });
  await visit(browser, "#/connections/schema/signup");
  await shows(browser, "seats");
  await visit(browser, "#/connections/people/user_1");
  await shows(browser, "Erase this person");
  await look([
    ["connect-sources", "#/connections"],
    ["connect-schema", "#/connections/schema/signup"],
    ["connect-refused", "#/connections/refused"],
    ["connect-keys", "#/connections/keys"],
    ["connect-person", "#/connections/people/user_1"],
  ]);
});

test("a lever is added, read by a product, tried, killed and restored", async () => {
  await visit(browser, "#/levers?add=lever");
  await fill(browser, "Name", "New checkout");
  await press(browser, "Add lever");
  await shows(browser, "Who gets what");
  await shows(browser, "Nobody has read it yet");
  const client = (await call(browser, "read", "connections")).keys.find((one) => one.kind === "client").value;
  const ask = async () => {
    const answer = await post("/ofrep/v1/evaluate/flags/new_checkout", client, { context: { targetingKey: "user_1" } });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  assert.equal((await ask()).value, false);
  await until("the reader", async () => (await call(browser, "read", "lever", { key: "new_checkout" })).readers.length > 0);
  await visit(browser, "#/levers");
  await shows(browser, "1 client");
  await visit(browser, "#/levers/new_checkout");
  await shows(browser, "Every protocol that serves it gives the same value.");
  await look([
    ["connect-lever", "#/levers/new_checkout"],
    ["connect-levers", "#/levers"],
  ]);
  await visit(browser, "#/levers/new_checkout");
  await press(browser, "Kill");
  await shows(browser, "Everyone gets the default");
  assert.equal((await call(browser, "read", "lever", { key: "new_checkout" })).lever.off, true);
  await press(browser, "Undo");
  await until("the lever to be back", async () => !(await call(browser, "read", "lever", { key: "new_checkout" })).lever.off);
});

test("axe objects to nothing", () => {
  assert.deepEqual(Object.fromEntries(objections), {});
});
