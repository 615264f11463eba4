/** Decides which primitives are so small that one thread is faster than several. */
import type { Call } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { readsOf, writesOf } from './program.ts';

/** Up to this number of elements, waking another thread costs more time than it saves. */
const smallWork = 8192;

export function isSmall(call: Call): boolean {
  return [...readsOf(call), ...writesOf(call)].every(({ dims }) => sizeOf(dims) <= smallWork);
}

/** Whether a reorder of this many bytes is small. */
export function isSmallReorder(bytes: number): boolean {
  return bytes < smallWork * 4;
}

export function teamFor(small: boolean): 'one' | 'all' {
  return small ? 'one' : 'all';
}
