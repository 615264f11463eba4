/** Runs tests of permissions for root too, who may read and write everything. */
import { chmodSync } from 'node:fs';

/** The IDs of an unprivileged user and group: 65534 on most systems. */
const [otherUser, otherGroup] = [65_534, 65_534];

/** Options of tests that remove permissions: Windows has none of this kind. */
export const needsPermissions: { readonly skip?: string } =
  process.getuid === undefined ? { skip: 'Windows has no file modes' } : {};

/** Runs an action as a user whom file modes restrict: as another user if this process is root. Tests that run meanwhile in the same
 * process would be that user too.
 * @param folder a folder that the other user may then write to */
export async function restricted<T>(folder: string, action: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return action();
  chmodSync(folder, 0o777);
  process.setegid?.(otherGroup);
  process.seteuid?.(otherUser);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
