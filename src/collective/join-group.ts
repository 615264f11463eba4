/** Joins a group from the data that describes a member. */
import { UsageError } from '../errors.ts';
import type { Collective } from './collective.ts';
import type { GroupStart } from './group-start.ts';
import { SharedGroup } from './shared-group.ts';

export function joinGroup(start: GroupStart): Collective {
  if (start.kind === 'threads') return new SharedGroup(start.memory, start.rank);
  throw new UsageError(`a group of the kind ${start.kind} is not available`);
}
