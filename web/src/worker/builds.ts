/** The builds of onnxruntime-web: one computes on the CPU, the other one on the GPU. Each consists of a module, a script and WebAssembly. */
import gpuJs from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import cpuJs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { PageDevice } from '../../../src/page/page-runtime.ts';

/** The numbers of bytes of the WebAssembly, from `vite.config.ts`. */
declare const runtimeBytes: Readonly<Record<PageDevice['kind'], number>>;

export interface RuntimeBuild {
  readonly load: () => Promise<typeof import('onnxruntime-web')>;
  readonly js: URL;
  readonly wasm: URL;
  readonly wasmBytes: number;
}

const addressOf = (path: string) => new URL(path, import.meta.url);

export const builds: Readonly<Record<PageDevice['kind'], RuntimeBuild>> = {
  cpu: {
    load: () => import('onnxruntime-web/wasm'),
    ...{ js: addressOf(cpuJs), wasm: addressOf(cpuWasm), wasmBytes: runtimeBytes.cpu },
  },
  webgpu: {
    load: () => import('onnxruntime-web/jspi'),
    ...{ js: addressOf(gpuJs), wasm: addressOf(gpuWasm), wasmBytes: runtimeBytes.webgpu },
  },
};
