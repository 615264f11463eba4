/** How a caller of the library stops what it started. */
import { aSignal, type OptionChecks, optional } from '../arguments.ts';

export interface StopControl {
  /** Aborting it ends the work. What is not finished is not recorded. */
  readonly signal?: AbortSignal;
}

export const stopChecks: OptionChecks<StopControl> = { signal: optional(aSignal) };
