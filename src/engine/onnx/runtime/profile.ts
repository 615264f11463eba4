/** Reads the profile that ONNX Runtime writes for a session: the time of each node. */
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

/** Stops profiling a session and reads the profile file.
 * @throws RunError when the session was not created for profiling */
export function endProfile(
  session: { readonly endProfiling: () => void },
  prefix: string | undefined,
): readonly PartTime[] {
  if (prefix === undefined) throw new RunError('this session was not compiled with profiling');
  session.endProfiling();
  const folder = dirname(prefix);
  const files = readdirSync(folder).filter((file) => file.startsWith(basename(prefix)));
  return files.flatMap((file) => partTimes(readFileSync(join(folder, file), 'utf8')));
}

/** Removes the folder of a profile. */
export function removeProfile(prefix: string | undefined): void {
  if (prefix !== undefined) rmSync(dirname(prefix), { recursive: true, force: true });
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
