/** The list of runs in the page: it is requested, and then follows changes. A change may arrive before an answer that was made earlier. */
import type { Change, RunList } from '../wire.ts';

type RunChange = Pick<Change, 'runs' | 'removed'>;

export class ListedRuns {
  #list: RunList | undefined;
  #requests = 0;
  /** The changes that arrived while a request was under way. */
  #changes: RunChange[] = [];

  /** Requests the list. Changes that arrive meanwhile are made to the answer as well: if it is newer, the server will send a change that
   * is newer still. */
  async request(fetched: () => Promise<RunList>): Promise<RunList> {
    this.#requests++;
    try {
      this.#list = this.#changes.reduce(changedList, await fetched());
      return this.#list;
    } finally {
      this.#requests--;
      if (this.#requests === 0) this.#changes = [];
    }
  }

  /** Returns the list after a change, or undefined if no list has arrived. */
  change(change: RunChange): RunList | undefined {
    if (this.#requests > 0) this.#changes.push(change);
    this.#list &&= changedList(this.#list, change);
    return this.#list;
  }
}

function changedList(list: RunList, { runs, removed }: RunChange): RunList {
  const [changed, gone] = [new Map(runs.map((run) => [run.id, run])), new Set(removed)];
  const kept = list.runs.filter(({ id }) => !gone.has(id)).map((run) => changed.get(run.id) ?? run);
  const known = new Set(kept.map(({ id }) => id));
  return { ...list, runs: [...kept, ...runs.filter(({ id }) => !known.has(id))] };
}
