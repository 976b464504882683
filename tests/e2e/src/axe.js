// Accessibility of the page as it stands.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const SOURCE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Rules that the page breaks, each with the elements that break it; empty when it is clean. */
export async function violations(browser) {
  // Once per load of the page: it is half a megabyte.
  if (!(await browser.execute(() => "axe" in window))) await browser.execute(SOURCE);
  const result = await browser.executeAsync((done) => {
    window.axe
      .run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      .then((found) => done({ found: found.violations }), (error) => done({ error: String(error) }));
  });
  if (result.error) throw new Error(`axe: ${result.error}`);
  return result.found.map(({ id, impact, help, nodes }) => ({
    id,
    impact,
    help,
    at: nodes.slice(0, 5).map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`),
  }));
}
