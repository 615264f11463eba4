/**
 * The trial of a device: runs `cifar10-device-probe.ts` in processes of its own, because a driver may end the process that loads
 * it, and collects what they print.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { errorCode, messageOf } from '../../../errors.ts';
import { workerFlags } from '../../../threads/worker-flags.ts';
import { type Device, deviceParts } from '../../device.ts';
import type { Adapter } from './vulkan-adapters.ts';

/** What a process of a trial does: computes on the device, or lists the adapters that Vulkan finds. */
export type ProbeTask = 'compute' | 'list-adapters';

/** Whether the device computed in a type. `error` is the message of ONNX Runtime. */
export type Outcome = { readonly works: true } | { readonly works: false; readonly error: string };

/** What the processes print, each part as a line of JSON. A part is missing if the process ended before. */
export interface ProbeReport {
  /** The kinds of devices for which ONNX Runtime has code on this system, such as `webgpu`. */
  readonly offered?: readonly string[];
  readonly float32?: Outcome;
  readonly float16?: Outcome;
  readonly adapters?: readonly Adapter[];
  /** Why the Vulkan loader could not be opened. */
  readonly loaderError?: string;
}

export interface Trial extends ProbeReport {
  /** What the libraries printed. */
  readonly printed: string;
  /** How the process that computes ended, if not by itself. */
  readonly end?:
    | { readonly kind: 'signal'; readonly signal: string }
    | { readonly kind: 'timeout'; readonly seconds: number }
    | { readonly kind: 'failed'; readonly why: string };
}

/** Runs a process of a trial and returns what it printed. */
export type RunProbe = (device: Device, task: ProbeTask) => Ended;

export interface Ended {
  readonly stdout: string | null;
  readonly stderr: string | null;
  readonly status: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

/** How long a trial may take, in milliseconds. The first use of a GPU compiles shaders. */
const timeout = 120_000;

/** Set in the processes of a trial. If the program that such a process runs is not the trial, but the whole application (in a single
 * executable file), it must not start another trial. */
const insideTrial = 'CIFAR10_DEVICE_TRIAL';

/** Tries the device, which takes a second or more. */
export function tryDevice(device: Device, run: RunProbe = runProbe): Trial {
  if (process.env[insideTrial] !== undefined)
    return { printed: '', end: { kind: 'failed', why: 'the trial started the application itself' } };
  const computed = run(device, 'compute');
  const end = endOf(computed);
  const hasAdapters = deviceParts(device).kind === 'webgpu' && process.platform === 'linux';
  const listed = hasAdapters ? run(device, 'list-adapters') : undefined;
  return {
    ...reportOf(computed.stdout),
    ...reportOf(listed?.stdout ?? ''),
    printed: stripVTControlCharacters(computed.stderr ?? ''),
    ...(end !== undefined && { end }),
  };
}

const runProbe: RunProbe = (device, task) => {
  const program = fileURLToPath(new URL('./cifar10-device-probe.js', import.meta.url));
  try {
    return spawnSync(process.execPath, [...workerFlags(), program, device, task], {
      encoding: 'utf8',
      timeout,
      killSignal: 'SIGKILL',
      windowsHide: true,
      // With this variable, Electron runs a file as Node.js does.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', [insideTrial]: '1' },
    });
  } catch (error) {
    // Node's permission model throws.
    return { stdout: '', stderr: '', status: null, signal: null, error: error as Error };
  }
};

function endOf({ error, signal, status, stderr }: Ended): Trial['end'] {
  const code = errorCode(error);
  if (code === 'ETIMEDOUT') return { kind: 'timeout', seconds: timeout / 1000 };
  if (code === 'ERR_ACCESS_DENIED')
    return {
      kind: 'failed',
      why: "Node's permission model forbids child processes; add --allow-child-process",
    };
  if (error !== undefined) return { kind: 'failed', why: messageOf(error) };
  if (signal !== null) return { kind: 'signal', signal };
  if (status === 0) return undefined;
  const isMissing = /Cannot find module '[^']*cifar10-device-probe/.test(stderr ?? '');
  if (isMissing)
    return {
      kind: 'failed',
      why: 'the file cifar10-device-probe.js is missing; if the program was bundled, leave the package out of the bundle',
    };
  return { kind: 'failed', why: `it ended with code ${status}` };
}

const parts: readonly (keyof ProbeReport)[] = ['offered', 'float32', 'float16', 'adapters', 'loaderError'];

/** Returns the parts of the report in the lines that are JSON. Other lines come from code that the user's flags load. */
function reportOf(output: string | null): ProbeReport {
  return Object.assign({}, ...(output ?? '').split('\n').map(partOf)) as ProbeReport;
}

function partOf(line: string): ProbeReport {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && parts.some((part) => part in value)) return value;
  } catch {
    // It is not a part.
  }
  return {};
}
