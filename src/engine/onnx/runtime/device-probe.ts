/**
 * Finds out whether ONNX Runtime can compute on a device other than the CPU. The trial runs in a process of its own, because a
 * driver may end the process that loads it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '../../../threads/worker-flags.ts';
import type { Device } from '../../device.ts';
import type { Support } from '../../engine.ts';

/** What the program of the trial prints, as JSON. */
export type ProbeAnswer = { readonly works: true } | { readonly works: false; readonly error: string };

/** How long the trial may take, in milliseconds. The first use of a GPU compiles shaders. */
const timeout = 120_000;

const known = new Map<Device, Support>();

/** Returns whether ONNX Runtime computes on the device. The first call for a device takes about a second; the answer is cached. */
export function deviceSupport(device: Device): Support {
  const answer = known.get(device) ?? probe(device);
  known.set(device, answer);
  return answer;
}

function probe(device: Device): Support {
  const program = fileURLToPath(new URL('./cifar10-device-probe.js', import.meta.url));
  const child = spawnSync(process.execPath, [...workerFlags(), program, device], {
    encoding: 'utf8',
    timeout,
    windowsHide: true,
  });
  const answer = answerOf(child.stdout);
  if (answer?.works === true) return { verdict: 'fast' };
  const cause =
    answer?.error ?? child.error?.message ?? `the trial ended with ${child.signal ?? child.status}`;
  return { verdict: 'missing', why: `\`device: ${device}\` does not work here: ${cause}` };
}

function answerOf(output: string | null): ProbeAnswer | undefined {
  try {
    return JSON.parse((output ?? '').trim().split('\n').at(-1) ?? '') as ProbeAnswer;
  } catch {
    return undefined;
  }
}
