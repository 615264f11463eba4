/** Memory that is about to be taken: it is refused before the system ends the process for it. */
import { RunError } from '../errors.ts';
import { byteSize } from '../wording.ts';
import { type ReadText, readText } from './control-groups.ts';
import { memoryLimit } from './exhaustion.ts';
import { memoryRoom } from './limits.ts';

/** @param purpose what needs it, as the subject of a sentence
 * @throws RunError when so many bytes do not fit into what is free */
export function requireMemory(purpose: string, bytes: number, read: ReadText = readText): void {
  if (bytes <= memoryRoom(read).free) return;
  throw new RunError(
    `out of memory: ${purpose} needs ${byteSize(bytes)}, with ${memoryLimit(read)}. Use a smaller --batch-size, or raise the limit`,
  );
}
