/** Lets a caller of the library stop an operation that it started. */
import { aSignal, type OptionChecks, optional } from '../arguments.ts';

/** Controls an operation while it runs. */
export interface StopControl {
  /** Aborting this signal ends the operation. Unfinished results are not recorded. */
  readonly signal?: AbortSignal;
}

export const stopChecks: OptionChecks<StopControl> = { signal: optional(aSignal) };
