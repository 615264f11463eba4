/**
 * The names of event files:
 *
 *     events.out.tfevents.1479000000.host.4711.0
 *                         seconds    host pid  counter
 *
 * TensorBoard reads every file whose name contains `tfevents`, in the order of the names. That must be the order in which
 * the files were written, because otherwise a resumed run would not replace the points of the previous session. The seconds
 * since 1970 (ten digits) are therefore those of the clock, or one more than in the latest existing name, whichever is
 * later: clocks may be set back, and a run may be resumed within a second or on another machine.
 */
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';

const start = 'events.out.tfevents.';
let counter = 0;

/** Returns a name that no file of this process has had, for a folder with the given names.
 * @param now seconds since 1970 */
export function newEventFileName(names: readonly string[], now: number): string {
  const taken = names.map((name) => Number(/^events\.out\.tfevents\.(\d{10})\./.exec(name)?.[1] ?? 0));
  const seconds = taken.reduce((latest, other) => Math.max(latest, other + 1), Math.floor(now));
  const host = hostname().replaceAll(/[^\w.-]/g, '_');
  return `${start}${String(seconds).padStart(10, '0')}.${host}.${process.pid}.${counter++}`;
}

/** Whether TensorBoard would read a file with this name. It ignores the empty marker files of its profiler. */
export function isEventFileName(name: string): boolean {
  return name.includes('tfevents') && !name.endsWith('.profile-empty');
}

/** Returns the paths of the event files in a folder, in the order in which TensorBoard reads them.
 * @throws RunError when the folder cannot be read */
export async function eventFilesOf(dir: string): Promise<readonly string[]> {
  try {
    const names = await readdir(dir);
    return names
      .filter(isEventFileName)
      .sort()
      .map((name) => join(dir, name));
  } catch (error) {
    throw new RunError(
      `cannot read the folder ${oneLine(dir)}: ${oneLine(messageOf(error))}. Check that it exists and is readable.`,
      { cause: error },
    );
  }
}
