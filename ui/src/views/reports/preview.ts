// What goes into the preview's frame. Pure.

/** A policy for the frame's own document: it may style itself and show images it carries, and fetch or run nothing. */
const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">`;

/** The report with the policy ahead of everything, so that even a report with foreign text in it can neither load nor send. */
export function documentFor(html: string): string {
  const head = /<head[^>]*>/i.exec(html);
  if (head) return html.slice(0, head.index + head[0].length) + POLICY + html.slice(head.index + head[0].length);
  const opening = /<html[^>]*>/i.exec(html);
  const at = opening ? opening.index + opening[0].length : (/^\s*<!doctype[^>]*>/i.exec(html)?.[0].length ?? 0);
  return html.slice(0, at) + POLICY + html.slice(at);
}
