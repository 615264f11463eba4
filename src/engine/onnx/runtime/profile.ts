/** Reads the profile that ONNX Runtime writes for a model: the time of each node. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RunError } from '../../../errors.ts';
import type { PartTime } from '../../engine.ts';
import { partTime } from '../../part-time.ts';

/** An event of the trace. `dur` is in microseconds. */
interface TraceEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly dur?: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** Returns the beginning of the paths of a model's profile files.
 * @param folder the folder of the profiles of a session. Undefined if it has none */
export function profilePrefix(folder: string | undefined, model: string): string | undefined {
  return folder === undefined ? undefined : join(folder, model);
}

/** Stops profiling a model and reads its profile file.
 * @throws RunError when the model was not loaded for profiling */
export function endProfile(
  model: { readonly endProfiling: () => void },
  prefix: string | undefined,
): readonly PartTime[] {
  if (prefix === undefined) throw new RunError('this session was not compiled with profiling');
  model.endProfiling();
  const folder = dirname(prefix);
  const files = readdirSync(folder).filter((file) => file.startsWith(basename(prefix)));
  return files.flatMap((file) => partTimes(readFileSync(join(folder, file), 'utf8')));
}

/** Removes the folder of the profiles of a session. */
export function removeProfile(folder: string | undefined): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** Returns the median times of the kernels, in the order in which they first ran. On WebGPU, these are the times of the GPU, if it can
 * measure them: the trace then has an event for every program that the GPU ran, `NODE&OPERATOR&PROGRAM`, and the time of a node is only
 * the time to record its programs. */
export function partTimes(trace: string): readonly PartTime[] {
  const times = new Map<string, { readonly op: string; readonly code: string; readonly millis: number[] }>();
  const onGpu = new Map<string, number[]>();
  for (const { cat, name = '', dur = 0, args = {} } of JSON.parse(trace) as readonly TraceEvent[]) {
    const node = /^(.*)_kernel_time$/.exec(name)?.[1];
    const program = cat === 'Api' ? /^(.*)&[^&]*&[^&]*$/.exec(name)?.[1] : undefined;
    if (program !== undefined) onGpu.set(program, [...(onGpu.get(program) ?? []), dur / 1e3]);
    if (cat !== 'Node' || node === undefined) continue;
    const known = times.get(node) ?? { op: args.op_name ?? '', code: args.provider ?? '', millis: [] };
    known.millis.push(dur / 1e3);
    times.set(node, known);
  }
  return [...times].map(([name, { op, code, millis }]) => {
    const measured = onGpu.size === 0 ? millis : perRun(onGpu.get(name) ?? [0], millis.length);
    return partTime({ op, name, code }, measured);
  });
}

/** Returns the times of a node in each run, from the times of all its programs in order. */
function perRun(programs: readonly number[], runs: number): readonly number[] {
  const each = Math.max(1, Math.floor(programs.length / runs));
  const sums: number[] = [];
  for (let first = 0; first + each <= programs.length; first += each)
    sums.push(programs.slice(first, first + each).reduce((sum, millis) => sum + millis, 0));
  return sums;
}
