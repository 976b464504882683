// The console as a founder uses it: by what is written on it, and by keys.
import { until } from "./app.js";

/** Asks the engine through the page's own door. */
export async function call(browser, kind, name, args = {}) {
  const answer = await browser.executeAsync(
    (kind, name, args, done) => {
      window.__TAURI_INTERNALS__.invoke(kind, { name, args }).then((ok) => done({ ok }), (error) => done({ error }));
    },
    kind,
    name,
    args,
  );
  if (answer.error) throw new Error(`${kind} ${name}: ${JSON.stringify(answer.error)}`);
  return answer.ok;
}

/** Presses the button or link that says this. */
export async function press(browser, text) {
  const element = await until(`something to press that says "${text}"`, () =>
    browser.execute((wanted) => {
      const all = [...document.querySelectorAll("button, a[href], [role=button], [role=menuitem], [role=option]")];
      const found = all.find((e) => !e.disabled && e.getClientRects().length > 0 && e.textContent.trim().startsWith(wanted));
      found?.setAttribute("data-e2e", "press");
      return found !== undefined;
    }, text),
  );
  await browser.execute(() => {
    const element = document.querySelector("[data-e2e=press]");
    element.removeAttribute("data-e2e");
    element.click();
  });
  return element;
}

/** Fills the field with this label, as typing does. */
export async function fill(browser, label, value) {
  const field = await until(`a field "${label}"`, async () => {
    const found = await browser.execute((wanted) => {
      const fields = [...document.querySelectorAll("input, textarea, select")];
      const named = (f) => [f.getAttribute("aria-label"), ...[...(f.labels ?? [])].map((l) => l.textContent)];
      const index = fields.findIndex((f) => named(f).some((n) => n?.trim().startsWith(wanted)));
      fields[index]?.setAttribute("data-e2e", "field");
      return index >= 0;
    }, label);
    return found && browser.$("[data-e2e=field]");
  });
  await field.setValue(value);
  await browser.execute(() => document.querySelector("[data-e2e=field]")?.removeAttribute("data-e2e"));
}

/** Waits until the page shows this text. */
export async function shows(browser, text, options) {
  const wanted = text instanceof RegExp ? text : new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return until(`the page to show ${wanted}`, async () => wanted.test(await browser.execute(() => document.body.innerText)), options);
}
