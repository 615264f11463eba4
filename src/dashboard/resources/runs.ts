/** `runs.json`: the list of runs. */
import { always, jsonType, type Resource } from '../resource.ts';

export const runsResource: Resource = {
  pattern: 'runs.json',
  type: jsonType,
  list: always,
  make: async ({ source, isLive }) => JSON.stringify(source.list(isLive)),
};
