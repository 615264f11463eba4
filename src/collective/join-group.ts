/** Joins a group from the data that describes a member. */
import { Alone } from './alone.ts';
import type { Collective } from './collective.ts';
import { type GroupStart, placeOf } from './group-start.ts';
import { openMpi } from './mpi/library.ts';
import { MpiGroup, waitingInStep } from './mpi/mpi-group.ts';
import { SharedGroup } from './shared-group.ts';

/** Joins a group. Returns at once, even if other members have not joined yet. */
export function joinGroup(start: GroupStart): Collective {
  if (start.kind === 'alone') return new Alone();
  if (start.kind === 'mpi') {
    const library = openMpi(start.library);
    return new MpiGroup(library, waitingInStep(library));
  }
  const { memory, rank, outer } = start;
  if (outer === undefined) return new SharedGroup(memory, rank);
  const { threads } = outer;
  return new SharedGroup(memory, rank, {
    ...{ threads, place: placeOf(start) },
    process: rank === 0 ? joinGroup(outer.start) : undefined,
  });
}
