/**
 * Assigns each buffer an offset in one block of memory. Buffers that are never in use at the same time may overlap. The largest
 * buffers are placed first, each at the lowest offset that is free of all buffers whose lifetimes overlap with its own.
 */

export interface Lifetime {
  readonly bytes: number;
  /** The indices of the first and the last step that use the buffer. */
  readonly first: number;
  readonly last: number;
}
export interface MemoryPlan<T> {
  /** The offset of every buffer in bytes, a multiple of `alignment`. */
  readonly offsets: ReadonlyMap<T, number>;
  readonly bytes: number;
}

/** The size of a cache line and of the widest vector register. */
const alignment = 64;

export function planMemory<T>(buffers: ReadonlyMap<T, Lifetime>): MemoryPlan<T> {
  const placed: (Lifetime & { readonly start: number; readonly end: number })[] = [];
  const offsets = new Map<T, number>();
  let bytes = 0;
  const bySize = [...buffers].sort(([, a], [, b]) => b.bytes - a.bytes);
  for (const [buffer, lifetime] of bySize) {
    const size = Math.ceil(lifetime.bytes / alignment) * alignment;
    const neighbors = placed
      .filter(({ first, last }) => first <= lifetime.last && lifetime.first <= last)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const neighbor of neighbors) {
      if (neighbor.start - start >= size) break;
      start = Math.max(start, neighbor.end);
    }
    placed.push({ ...lifetime, start, end: start + size });
    offsets.set(buffer, start);
    bytes = Math.max(bytes, start + size);
  }
  return { offsets, bytes };
}
