// Starts the real app in the real webview, with a data home of its own, and ends everything it started.
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { remote } from "webdriverio";

const ROOT = resolve(import.meta.dirname, "../../..");
const BINARY = process.env.EPOCHCORE_BINARY ?? join(ROOT, "target/debug/epochcore");
const DRIVER = process.env.TAURI_DRIVER ?? join(ROOT, ".tools/bin/tauri-driver");

/** A port that was free a moment ago; two drivers at a time would otherwise meet on 4444. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until `probe` answers something true; says what it waited for when it never does. */
export async function until(what, probe, { timeout_ms = 15_000, every_ms = 100 } = {}) {
  const end = Date.now() + timeout_ms;
  let last;
  do {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await sleep(every_ms);
  } while (Date.now() < end);
  throw new Error(`waited ${timeout_ms} ms for ${what}; last: ${last?.stack ?? JSON.stringify(last)}`);
}

/** A home for one test's data, in a folder whose name has a space: paths are quoted everywhere or nowhere. */
export async function makeHome() {
  return mkdtemp(join(tmpdir(), "epochcore e2e "));
}

/** Starts the app a second time on the same home, without a driver; answers its exit code, or null when it stays. */
export function startAgain(home, args = []) {
  const { status } = spawnSync(BINARY, args, { env: { ...process.env, EPOCHCORE_HOME: home }, timeout: 10_000 });
  return status;
}

/**
 * Starts the app. `home` is kept when given (to start again on the same data), else made and removed.
 * @returns {Promise<{browser: import("webdriverio").Browser, home: string, log: () => string, close: () => Promise<void>}>}
 */
export async function start({ home, args = [], env = {} } = {}) {
  for (const needed of [BINARY, DRIVER]) {
    if (!existsSync(needed)) throw new Error(`${needed} is missing; \`make test\` builds it`);
  }
  const own = home === undefined;
  const dir = home ?? (await makeHome());
  const [port, nativePort] = [await freePort(), await freePort()];
  let log = "";
  // The driver hands its environment to the app. Its own process group lets one signal end all three processes.
  const driver = spawn(DRIVER, ["--port", String(port), "--native-port", String(nativePort)], {
    env: { ...process.env, EPOCHCORE_HOME: dir, NO_AT_BRIDGE: "1", RUST_BACKTRACE: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const stream of [driver.stdout, driver.stderr]) stream.on("data", (chunk) => (log += chunk));
  const exited = new Promise((done) => driver.once("exit", done));
  const end = async () => {
    try {
      process.kill(-driver.pid, "SIGTERM");
      await Promise.race([exited, sleep(3_000)]);
      process.kill(-driver.pid, "SIGKILL");
    } catch {
      // Already gone.
    }
    if (own) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await until("the driver", async () => (await fetch(`http://127.0.0.1:${port}/status`)).ok);
    const browser = await remote({
      hostname: "127.0.0.1",
      port,
      logLevel: "error",
      connectionRetryCount: 0,
      capabilities: {
        "wdio:enforceWebDriverClassic": true,
        "tauri:options": { application: BINARY, args },
      },
    });
    const close = async () => {
      await browser.deleteSession().catch(() => {});
      await end();
    };
    return { browser, home: dir, log: () => log, close };
  } catch (error) {
    await end();
    error.message += `\n${log}`;
    throw error;
  }
}
