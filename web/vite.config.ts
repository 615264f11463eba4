/** Builds the page into `web/dist`. All addresses are relative, so that the page also works below a path of a file server. */
import { statSync } from 'node:fs';
import { defineConfig } from 'vite';

/** The page shows how much of these files has arrived. The length in a response is that of its compressed bytes. */
const bytesOf = (wasm: string) =>
  statSync(new URL(`node_modules/onnxruntime-web/dist/${wasm}`, import.meta.url)).size;
const runtimeBytes = {
  cpu: bytesOf('ort-wasm-simd-threaded.wasm'),
  webgpu: bytesOf('ort-wasm-simd-threaded.jspi.wasm'),
};

export default defineConfig({
  base: './',
  define: { runtimeBytes: JSON.stringify(runtimeBytes) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
  },
  worker: { format: 'es' },
});
