/**
 * Detects folders that other users could tamper with. If another user can create files in a folder, a planted link would be
 * followed and a planted checkpoint loaded. The default folders in /tmp are checked, because any user can create them first.
 */
import { lstat, stat } from 'node:fs/promises';
import { RunError } from '../errors.ts';
import { existingFolder } from './writable.ts';

export interface FolderUse {
  readonly folder: string;
  /** The option that names the folder, such as `trainDir`. */
  readonly option: string;
  /** Whether the user named the folder. In that case, a risk causes only a warning. */
  readonly isExplicit: boolean;
}

/** The owner and permissions of a process or folder. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Returns why a user other than root could tamper with the folder, or undefined if none can. */
export function tamperingRisk(folder: Ownership, me: Pick<Ownership, 'uid' | 'gid'>): string | undefined {
  if (folder.uid !== me.uid && folder.uid !== 0) return 'belongs to another user';
  // A folder may be writable by the user's own group, because many systems give each user a private group.
  if ((folder.mode & 0o020) !== 0 && folder.gid !== me.gid && folder.gid !== 0)
    return 'is writable by its group';
  return (folder.mode & 0o002) !== 0 ? 'is writable by every user' : undefined;
}

/** Refuses a default folder that other users can tamper with, and warns about one that the user named.
 * @throws RunError when the folder is refused */
export async function requireTrusted(
  { folder, option, isExplicit }: FolderUse,
  onWarning: (text: string) => void,
): Promise<void> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined) return; // On Windows, each user has a private temporary folder
  const { existing, missing } = await existingFolder(folder).catch(() => ({
    existing: folder,
    missing: [''],
  }));
  // A missing folder will be created by this user.
  if (missing.length > 0) return;
  const link = await lstat(folder);
  const isForeignLink = link.isSymbolicLink() && link.uid !== uid && link.uid !== 0;
  const risk = isForeignLink
    ? "is another user's symbolic link"
    : tamperingRisk(await stat(existing), { uid, gid });
  if (risk === undefined) return;
  const advice = `Use another \`${option}\`, or remove the access of others (chown, chmod go-w)`;
  if (!isExplicit)
    throw new RunError(`${folder}: ${risk}, so others could replace files in it. ${advice}.`, {
      code: 'CIFAR10_NOT_TRUSTED',
      data: { folder, option },
    });
  onWarning(`${folder} ${risk}: files in it may be replaced by others`);
}
