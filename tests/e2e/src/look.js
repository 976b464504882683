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

/** Shows the page in one theme, as the switch in Settings does. */
export async function setTheme(browser, theme) {
  await browser.execute((value) => (document.documentElement.dataset.theme = value), theme);
}

/** The page in every theme and size; ends as it began. */
export async function everyLook(browser, name, visit = async () => {}) {
  const before = await browser.execute(() => document.documentElement.dataset.theme ?? "dark");
  for (const size of SIZES) {
    await resize(browser, size);
    for (const theme of THEMES) {
      await setTheme(browser, theme);
      // Colours and charts move for a moment after a change.
      await sleep(250);
      await shot(browser, `${name}-${theme}-${size.width}x${size.height}`);
      await visit(theme, size);
    }
  }
  await setTheme(browser, before);
  await resize(browser, SIZES[0]);
}
