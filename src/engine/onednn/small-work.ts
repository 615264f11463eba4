/** Which primitives are so little work that one thread does them faster than two can share them. */
import type { Call } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { readsOf, writesOf } from './program.ts';

/** Elements below which waking another thread costs more than it saves. */
const smallWork = 8192;

export function isSmall(call: Call): boolean {
  return [...readsOf(call), ...writesOf(call)].every(({ dims }) => sizeOf(dims) <= smallWork);
}

/** Whether a reorder of so many bytes is small. */
export function isSmallReorder(bytes: number): boolean {
  return bytes < smallWork * 4;
}

export function teamFor(small: boolean): 'one' | 'all' {
  return small ? 'one' : 'all';
}
