/** Writes where the steps of a run or an evaluation are computed to its folder. */
import { join } from 'node:path';
import { writeAside } from '../disk/write-aside.ts';
import type { Placement } from '../training/placement.ts';

/** The name of the file in a train folder or an evaluation folder. */
export const placementFileName = 'placement.json';

/** The placement of a run or an evaluation, which is also in a file. */
export interface PlacementEvent extends Placement {
  readonly kind: 'placement';
  /** The path of the file. */
  readonly file: string;
}

/** Writes `placement.json`, replacing an earlier one, and returns the event that reports it.
 * @throws RunError when the file cannot be written */
export async function writePlacement(dir: string, placement: Placement): Promise<PlacementEvent> {
  const file = join(dir, placementFileName);
  await writeAside(file, new TextEncoder().encode(`${JSON.stringify(placement, undefined, 2)}\n`));
  return { kind: 'placement', file, ...placement };
}
