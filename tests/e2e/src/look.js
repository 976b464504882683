// Pictures of every page in every look, for a person to go through: tests/e2e/output/<name>-<theme>-<size>.png
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./app.js";

const OUTPUT = resolve(import.meta.dirname, "../output");
export const SIZES = [
  { width: 1280, height: 840 },
  { width: 960, height: 640 },
];
export const THEMES = ["dark", "light"];

/** One picture of what is on screen. */
export async function shot(browser, name) {
  await mkdir(OUTPUT, { recursive: true });
  const file = join(OUTPUT, `${name}.png`);
  await writeFile(file, Buffer.from(await browser.takeScreenshot(), "base64"));
  return file;
}

/** Gives the window a size and waits until the page has it. */
export async function resize(browser, { width, height }) {
  await browser.setWindowSize(width, height);
  await until(`a window of ${width} x ${height}`, () =>
    browser.execute((w, h) => Math.abs(innerWidth - w) < 80 && Math.abs(innerHeight - h) < 80, width, height),
  );
}

/** Chooses a theme as Settings does, by the page's own stored preference, and waits until the page shows it. */
export async function setTheme(browser, theme) {
  await browser.execute((value) => {
    const key = "epochcore.prefs";
    const prefs = JSON.parse(localStorage.getItem(key) ?? "{}");
    localStorage.setItem(key, JSON.stringify({ ...prefs, theme: value, motion: "reduced" }));
    location.reload();
  }, theme);
  await until(`the ${theme} theme`, () =>
    browser.execute((value) => {
      const shown = document.getElementById("page-title") ?? document.querySelector("main, h1, h2");
      return document.readyState === "complete" && document.documentElement.dataset.theme === value && shown !== null;
    }, theme),
  );
  await browser.executeAsync((done) => void document.fonts.ready.then(() => done()));
}

/** Goes to a page by its address and waits until its heading is there. */
export async function visit(browser, address) {
  await browser.execute((hash) => (location.hash = hash), address);
  await until(`the page ${address}`, () =>
    browser.execute(() => document.getElementById("page-title") !== null && !document.querySelector("[aria-busy=true]")),
  );
}

/**
 * Pages in every theme and size; `pages` is a list of `[name, address]`, an address of `null` stays where it is.
 * `check(name, theme, size)` is called with each look on screen.
 */
export async function everyLook(browser, pages, check = async () => {}) {
  for (const theme of THEMES) {
    await setTheme(browser, theme);
    for (const size of SIZES) {
      await resize(browser, size);
      for (const [name, address] of pages) {
        if (address !== null) await visit(browser, address);
        await painted(browser);
        await shot(browser, `${name}-${theme}-${size.width}x${size.height}`);
        await check(name, theme, size);
      }
    }
  }
  await resize(browser, SIZES[0]);
}

/** Charts draw themselves in the frames after a change. */
async function painted(browser) {
  await sleep(120);
  await browser.executeAsync((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())));
}
