import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  resolve: { alias: { $lib: at('./src/lib'), $components: at('./src/components'), $app: at('./src/app') } },
  clearScreen: false,
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
  preview: { host: '127.0.0.1', port: 4173 },
  build: {
    target: 'safari16',
    cssTarget: 'safari16',
    // Fonts stay files: the page's content security policy allows no data: fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['./tests/setup.ts'],
    include: ['tests/**/*.test.ts', 'src/**/*.test.ts'],
    // Two threads that keep their modules: compiling the page once per file took longer than testing it.
    pool: 'threads',
    maxWorkers: 2,
    isolate: false,
    // The first test of a file also loads every page.
    testTimeout: 20_000,
    css: false,
  },
});
