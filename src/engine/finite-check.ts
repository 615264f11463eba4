/** The check that ends a step before its updates, if a scalar of the role `finite` is infinite or not a number
 * (`graph/results.ts`). */
import type { PlacedKernel } from './engine.ts';

/** The check in a profile of a step. */
export const finitePart = { op: 'FiniteCheck', name: 'finite_check', code: 'check' } as const;

/** The check in the placement of a step. It reads scalars in the memory of the process. */
export const finiteKernel: PlacedKernel = {
  ...{ op: finitePart.op, name: finitePart.name, kernel: finitePart.code },
  ...{ device: '/device:CPU:0', fused: [] },
};

/** Whether every element is a finite number. */
export function areFinite(values: readonly Float32Array[]): boolean {
  return values.every((scalar) => scalar.every(Number.isFinite));
}
