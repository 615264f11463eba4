/** Finds out whether ONNX Runtime computes on a device other than the CPU, in which types, and with which adapter. */
import { type Device, deviceParts } from '../../device.ts';
import type { Support } from '../../engine.ts';
import { type Trial, tryDevice } from './device-trial.ts';
import { whyNoCuda } from './explain-cuda.ts';
import { withoutSource } from './explain-end.ts';
import { describeAdapter, whyNoWebgpu } from './explain-webgpu.ts';
import { nvidiaGpus, type ProbeMachine, thisMachine } from './probe-machine.ts';

/** The types in which ONNX Runtime may compute on a device. */
export type DevicePrecision = 'float32' | 'float16';

const known = new Map<Device, Trial>();

/** Returns how well ONNX Runtime computes on the device. The first call for a device takes a second or more; the answer is
 * cached. */
export function deviceSupport(device: Device, precision: DevicePrecision = 'float32'): Support {
  const trial = known.get(device) ?? tryDevice(device);
  known.set(device, trial);
  return supportOf(device, precision, trial);
}

/** Returns what the trial of a device means for a precision. */
export function supportOf(
  device: Device,
  precision: DevicePrecision,
  trial: Trial,
  machine: ProbeMachine = thisMachine,
): Support {
  const isCuda = deviceParts(device).kind === 'cuda';
  if (trial.float32?.works !== true) {
    const why = isCuda ? whyNoCuda(device, trial, machine) : whyNoWebgpu(trial, machine);
    return { verdict: 'missing', why: `\`device: ${device}\` does not work here: ${why}`, ...causeOf(trial) };
  }
  const adapter = isCuda ? nvidiaGpus(machine)[deviceParts(device).index] : softwareNoted(trial);
  if (precision === 'float16' && trial.float16?.works !== true)
    return { verdict: 'impossible', why: whyNoFloat16(device, trial, adapter) };
  return { verdict: 'fast', ...(adapter !== undefined && { adapter }) };
}

/** The adapter that WebGPU prefers, such as `SwiftShader Device (Subzero), a software adapter (slow)`. Undefined if it is unknown. */
function softwareNoted({ adapters: [first] = [] }: Trial): string | undefined {
  if (first === undefined) return undefined;
  return `${describeAdapter(first)}${first.kind === 'software' ? ' (slow)' : ''}`;
}

function whyNoFloat16(device: Device, trial: Trial, adapter = 'the GPU'): string {
  const error = trial.float16?.works === false ? trial.float16.error : 'the driver crashed';
  const lack = /requires f16/.test(error)
    ? "lacks WebGPU's feature shader-f16"
    : `fails: ${withoutSource(error)}`;
  return `\`device: ${device}\` does not compute in float16 here: ${adapter} ${lack}. Use \`precision: float32\``;
}

/** The messages of the libraries, for `--debug`. */
function causeOf({ float32, printed }: Trial): { readonly cause?: string } {
  const cause = [float32?.works === false ? float32.error : '', printed].join('\n').trim();
  return cause === '' ? {} : { cause };
}
