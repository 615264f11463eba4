/** Loads onnxruntime-web from the page's own server, when it is needed for the first time. Its WebAssembly is fetched here, so that the
 * page can show progress. */
import { messageOf } from '../../../src/errors.ts';
import { chooseDevice, deviceWords, type GpuSupport, requireWorking } from '../../../src/page/page-device.ts';
import type { PageDevice, PageRuntime } from '../../../src/page/page-runtime.ts';
import { builds, type RuntimeBuild } from './builds.ts';

export interface LoadedRuntime {
  readonly runtime: PageRuntime;
  readonly device: PageDevice;
  /** Where it computes, in words. */
  readonly words: string;
}

type Report = (what: string, done: number) => void;

/** At most this many threads: more do not help with small networks. */
const mostThreads = 4;

/** Loads the build for the GPU if there is one that works, and otherwise that for the CPU.
 * @param wish what the address asks for (`?engine=`)
 * @param report called with what is loaded, and with the fraction that has arrived */
export async function loadRuntime(wish: string | null, report: Report): Promise<LoadedRuntime> {
  const { kind, remark } = chooseDevice(wish, await gpuSupport());
  if (kind === 'cpu') return load(kind, report, remark);
  try {
    const loaded = await load(kind, report);
    await requireWorking(loaded.runtime, loaded.device);
    return loaded;
  } catch (error) {
    return load('cpu', report, `the GPU failed: ${messageOf(error)}`);
  }
}

async function load(kind: PageDevice['kind'], report: Report, remark?: string): Promise<LoadedRuntime> {
  const build = builds[kind];
  const ort = await build.load();
  const what = kind === 'webgpu' ? 'Loading ONNX Runtime for the GPU' : 'Loading ONNX Runtime';
  const wasmBinary = await fetchWithProgress(build, (done) => report(what, done));
  const threads = crossOriginIsolated ? Math.min(mostThreads, navigator.hardwareConcurrency) : 1;
  Object.assign(ort.env.wasm, { wasmBinary, numThreads: threads, wasmPaths: { mjs: build.js.href } });
  ort.env.logLevel = 'error';
  const device = { kind, threads, library: `onnxruntime-web ${ort.env.versions.web ?? ''}`.trim() };
  return { runtime: ort, device, words: deviceWords(device, remark) };
}

/** The part of WebGPU that is used here. TypeScript's DOM types lack it. */
interface WithGpu {
  readonly gpu?: {
    requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null>;
  };
}

async function gpuSupport(): Promise<GpuSupport> {
  const { gpu } = navigator as WithGpu;
  const adapter = (await gpu?.requestAdapter().catch(() => null)) ?? undefined;
  return {
    canWait: 'Suspending' in WebAssembly,
    adapter: adapter && { isSoftware: adapter.info?.isFallbackAdapter === true },
  };
}

async function fetchWithProgress(
  { wasm, wasmBytes }: RuntimeBuild,
  onProgress: (done: number) => void,
): Promise<ArrayBuffer> {
  const response = await fetch(wasm);
  if (!response.ok || response.body === null)
    throw new Error(`${wasm.pathname}: the server answered ${response.status}`);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    received += part.value.length;
    onProgress(Math.min(1, received / wasmBytes));
  }
  onProgress(1);
  return new Blob(parts).arrayBuffer();
}
