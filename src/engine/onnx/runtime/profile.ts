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

/** Returns the median times of the kernels, in the order in which they first ran. */
export function partTimes(trace: string): readonly PartTime[] {
  const times = new Map<string, { readonly op: string; readonly code: string; readonly millis: number[] }>();
  for (const { cat, name = '', dur = 0, args = {} } of JSON.parse(trace) as readonly TraceEvent[]) {
    const node = /^(.*)_kernel_time$/.exec(name)?.[1];
    if (cat !== 'Node' || node === undefined) continue;
    const known = times.get(node) ?? { op: args.op_name ?? '', code: args.provider ?? '', millis: [] };
    known.millis.push(dur / 1e3);
    times.set(node, known);
  }
  return [...times].map(([name, { op, code, millis }]) => partTime({ op, name, code }, millis));
}
