// The window itself: it opens, has its size, keeps its door shut, and is found again by a second start.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, startAgain, until } from "../src/app.js";
import { everyLook, resize } from "../src/look.js";

let app;
before(async () => (app = await start()));
after(async () => app?.close());

test("the console opens in the real webview", async () => {
  assert.equal(await app.browser.getTitle(), "EpochCore");
  const agent = await app.browser.execute(() => navigator.userAgent);
  assert.match(agent, /AppleWebKit/);
  const { width, height } = await app.browser.execute(() => ({ width: innerWidth, height: innerHeight }));
  assert.deepEqual({ width, height }, { width: 1280, height: 840 });
});

test("the window does not get smaller than the console needs", async () => {
  await app.browser.setWindowSize(400, 300);
  await until("the smallest size", () => app.browser.execute(() => innerWidth >= 940 && innerHeight >= 600));
  await resize(app.browser, { width: 1280, height: 840 });
});

test("the page reaches nothing but the app", async () => {
  const blocked = await app.browser.executeAsync((done) => {
    fetch("http://127.0.0.1:9/").then(() => done("reached"), (error) => done(String(error)));
  });
  assert.notEqual(blocked, "reached");
  const inline = await app.browser.execute(() => {
    const script = document.createElement("script");
    script.textContent = "window.__inline = true";
    document.head.append(script);
    return window.__inline ?? false;
  });
  assert.equal(inline, false, "an inline script ran");
  assert.equal(await app.browser.execute(() => typeof window.__TAURI__), "undefined");
});

test("every look can be taken", async () => {
  await everyLook(app.browser, [["start", null]]);
});

test("a second start hands over to the first and ends", () => {
  assert.equal(startAgain(app.home, ["--open", "/kpis"]), 0);
});
