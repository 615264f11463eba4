/**
 * The kernels of a model, and the devices that they run on. ONNX Runtime chooses them when it loads a model, but only says in a
 * profile which ones. Therefore the model is loaded a second time, with profiling, and runs once, with zeros.
 */
import { makeTemporaryFolder } from '../../../machine/temporary.ts';
import { type Device, deviceParts } from '../../device.ts';
import type { PlacedKernel } from '../../engine.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import { type LoadOptions, loadModel, zeroFeeds } from './onnx-runtime.ts';
import { endProfile, profilePrefix, removeProfile } from './profile.ts';

/** @throws Error when ONNX Runtime rejects the model
 * @throws RunError when the profile cannot be written */
export async function placementOf(
  { model: bytes, paths }: CompiledGraph,
  options: Pick<LoadOptions, 'threads' | 'device' | 'lock'>,
): Promise<readonly PlacedKernel[]> {
  const folder = makeTemporaryFolder('cifar10-placement-');
  try {
    const prefix = profilePrefix(folder, 'step');
    const model = await loadModel(bytes, { ...options, profilePrefix: prefix });
    try {
      await model.run(zeroFeeds(model), Object.fromEntries(model.outputNames.map((name) => [name, null])));
      return endProfile(model, prefix).map(({ op, name, code: provider }) => ({
        ...{
          op,
          name: paths.get(name) ?? name,
          kernel: provider,
          device: deviceOf(provider, options.device),
          fused: [],
        },
      }));
    } finally {
      await model.release();
    }
  } finally {
    removeProfile(folder);
  }
}

/** The kinds of devices on which ONNX Runtime's execution providers compute. */
const kinds: Readonly<Record<string, string>> = {
  CPUExecutionProvider: 'CPU',
  CUDAExecutionProvider: 'GPU',
  WebGpuExecutionProvider: 'GPU',
};

/** Returns the device of an execution provider, of which one that is not in the table keeps its own name.
 * @param device the device of the session */
function deviceOf(provider: string, device: Device): string {
  const kind = kinds[provider] ?? provider;
  return `/device:${kind}:${kind === 'CPU' ? 0 : deviceParts(device).index}`;
}
