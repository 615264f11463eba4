/** Checks that there is enough memory before a large allocation, because the system may kill a process at its limit. */
import { RunError } from '../errors.ts';
import { byteSize } from '../wording.ts';
import { type ReadText, readText } from './control-groups.ts';
import { memoryLimit } from './exhaustion.ts';
import { memoryRoom } from './limits.ts';

/** The memory that the rest of a run needs: checkpoints, summaries and compiled code. */
const reserve = 64 * 2 ** 20;

/** Checks that there is enough memory for `purpose`, and for the rest of the run.
 * @param purpose what needs the memory, as the subject of a sentence
 * @param advice what the user can do instead of raising the limit
 * @throws RunError when less than `bytes` plus a reserve is free */
export function requireMemory(
  purpose: string,
  bytes: number,
  advice: string = 'Use a smaller `batchSize`',
  read: ReadText = readText,
): void {
  const needed = bytes + reserve;
  if (needed <= memoryRoom(read).free) return;
  throw new RunError(
    `out of memory: ${purpose} needs ${byteSize(needed)}, but found ${memoryLimit(read)}. ${advice}, or raise the limit`,
    { code: 'CIFAR10_OUT_OF_MEMORY', data: { neededBytes: needed } },
  );
}
