/** Loads onnxruntime-web from the page's own server, when it is needed for the first time. Its WebAssembly is fetched here, so that the
 * page can show progress. */
import jsUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { PageDevice, PageRuntime } from '../../../src/page/page-runtime.ts';

export interface LoadedRuntime {
  readonly runtime: PageRuntime;
  readonly device: PageDevice;
}

/** The number of bytes of the WebAssembly, from `vite.config.ts`. */
declare const runtimeBytes: number;

/** At most this many threads: more do not help with small networks. */
const mostThreads = 4;

/** @param onProgress called with the fraction that has arrived */
export async function loadRuntime(onProgress: (done: number) => void): Promise<LoadedRuntime> {
  const ort = await import('onnxruntime-web/wasm');
  const wasmBinary = await fetchWithProgress(new URL(wasmUrl, import.meta.url), onProgress);
  const threads = crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
  Object.assign(ort.env.wasm, {
    wasmBinary,
    numThreads: threads,
    wasmPaths: { mjs: new URL(jsUrl, import.meta.url).href },
  });
  ort.env.logLevel = 'error';
  const runtime: PageRuntime = {
    InferenceSession: {
      create: (model, options) =>
        ort.InferenceSession.create(model, { ...options, executionProviders: ['wasm'] }),
    },
    Tensor: ort.Tensor,
  };
  const library = `onnxruntime-web ${ort.env.versions.web ?? ''}`.trim();
  return { runtime, device: { kind: 'cpu', threads, library } };
}

async function fetchWithProgress(url: URL, onProgress: (done: number) => void): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok || response.body === null)
    throw new Error(`${url.pathname}: the server answered ${response.status}`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    received += part.value.length;
    onProgress(Math.min(1, received / runtimeBytes));
  }
  onProgress(1);
  return new Blob(parts).arrayBuffer();
}
