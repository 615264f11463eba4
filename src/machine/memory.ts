/** Memory that is about to be taken: it is refused before the system ends the process for it. */
import { RunError } from '../errors.ts';
import { byteSize } from '../wording.ts';
import { type ReadText, readText } from './control-groups.ts';
import { memoryLimit } from './exhaustion.ts';
import { memoryRoom } from './limits.ts';

/** What the rest of a run takes besides: checkpoints, summaries, compiled code. */
const reserve = 64 * 2 ** 20;

/** @param purpose what needs it, as the subject of a sentence
 * @param advice what to do instead of raising the limit
 * @throws RunError when so many bytes, and a reserve, do not fit into what is free */
export function requireMemory(
  purpose: string,
  bytes: number,
  advice: string = 'Use a smaller `batchSize`',
  read: ReadText = readText,
): void {
  const needed = bytes + reserve;
  if (needed <= memoryRoom(read).free) return;
  throw new RunError(
    `out of memory: ${purpose} needs ${byteSize(needed)}, with ${memoryLimit(read)}. ${advice}, or raise the limit`,
  );
}
