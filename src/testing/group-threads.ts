/** Members of a group in threads, for tests. */
import type { GroupStart } from '../collective/group-start.ts';
import { Thread } from '../threads/thread.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import { serviceThread } from './service-thread.ts';

export type MemberMethods = {
  /** Runs a case of `collective-cases.ts`. */
  readonly run: (title: string) => void;
  /** Evaluates `body` as the body of a function of `group`, and returns its result. */
  readonly evaluate: (body: string) => unknown;
};
export type Member = Thread<GroupStart, MemberMethods>;

const lines = `
  import { joinGroup } from '${new URL('../collective/join-group.js', import.meta.url)}';
  import { collectiveCases } from '${new URL('./collective-cases.js', import.meta.url)}';
  serve((start) => {
    const group = joinGroup(start);
    return {
      run: (title) => collectiveCases[title](group),
      evaluate: (body) => new Function('group', body)(group),
      close: () => group.leave(),
    };
  });`;

const threads = new ThreadPool(() => new Thread<GroupStart, MemberMethods>('a member', serviceThread(lines)));

/** Calls `use` with a thread for each member. Afterwards the members leave, and the threads are kept for the next group. */
export async function withMembers(
  starts: readonly GroupStart[],
  use: (members: readonly Member[]) => Promise<void>,
): Promise<void> {
  const members = starts.map(() => threads.take());
  try {
    await Promise.all(members.map((member, index) => member.begin(starts[index] as GroupStart)));
    await use(members);
    await Promise.all(members.filter(({ hasEnded }) => !hasEnded).map((member) => member.close()));
  } catch (error) {
    await Promise.all(members.map((member) => member.terminate()));
    throw error;
  }
  for (const member of members) threads.release(member);
}
