/** Where a page computes: on the GPU with WebGPU if there is an adapter, and otherwise on the CPU with WebAssembly. */
import { RunError } from '../errors.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32 } from '../tensor/tensor.ts';
import { counted } from '../wording.ts';
import type { PageDevice, PageRuntime } from './page-runtime.ts';
import { floatsOf, PageSession } from './page-session.ts';

/** The word after `?engine=` in the address of the page. */
export type PageEngine = 'webgpu' | 'wasm';

/** What the browser offers. */
export interface GpuSupport {
  /** Whether WebAssembly can wait for the GPU (JavaScript Promise Integration), which our build of onnxruntime-web needs. */
  readonly canWait: boolean;
  /** The adapter that the browser chose, or undefined if it has none. */
  readonly adapter: { readonly isSoftware: boolean } | undefined;
}

export interface DeviceChoice {
  readonly kind: PageDevice['kind'];
  /** Why it is not the GPU, if people may wonder. */
  readonly remark?: string;
}

/** Chooses the GPU unless there is none, or the CPU would emulate it, which is many times slower than computing there directly.
 * @param wish what the address asks for; other words count as none */
export function chooseDevice(wish: string | null, { canWait, adapter }: GpuSupport): DeviceChoice {
  const onCpu = (remark: string): DeviceChoice => ({ kind: 'cpu', remark });
  if (wish === 'wasm') return { kind: 'cpu' };
  if (adapter === undefined) return wish === 'webgpu' ? onCpu('this browser offers no GPU') : { kind: 'cpu' };
  if (!canWait) return onCpu('this browser is too old for its GPU');
  if (adapter.isSoftware && wish !== 'webgpu') return onCpu('the GPU would be emulated');
  return { kind: 'webgpu' };
}

/** Returns the words that say where the page computes. */
export function deviceWords({ kind, threads, library }: PageDevice, remark?: string): string {
  const place = kind === 'webgpu' ? 'on the GPU (WebGPU)' : `on the CPU, ${counted(threads, 'thread')}`;
  return `${library} ${place}${remark === undefined ? '' : ` (${remark})`}`;
}

/** Computes a sum, so that a device that does not work is found before a model is opened.
 * @throws RunError when ONNX Runtime fails, or the sum is wrong */
export async function requireWorking(runtime: PageRuntime, device: PageDevice): Promise<void> {
  const builder = new GraphBuilder('trial');
  const x = builder.input('x', { dtype: 'float32', shape: [4] });
  builder.output('y', builder.op('Add', { a: x, b: x }, {}, 'sum'));
  const session = await PageSession.create(runtime, builder.build(), device);
  try {
    const outputs = await session.step(new Map([['x', float32([4], Float32Array.of(1, 2, 3, 4))]]));
    const found = [...floatsOf(outputs, 'y')];
    if (found.join() !== '2,4,6,8') throw new RunError(`4 + 4 was computed as ${found[3]}`);
  } finally {
    await session.release();
  }
}
