/** What oneDNN lacks on a CPU although it can train there. Programs then have another form. */
import type { CallKind } from '../../ops/primitive-kinds.ts';

export interface Gaps {
  /** The kinds of calls that oneDNN lacks in the 16-bit type of the precision. They compute in float32. */
  readonly kinds: readonly CallKind[];
  /** Whether oneDNN only has reference code for chains of elementwise functions, as on Arm. They are then separate calls. */
  readonly chains: boolean;
}

export const noGaps: Gaps = { kinds: [], chains: false };
