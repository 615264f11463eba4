/**
 * Folders that other users could tamper with. In a folder where another user can create names, a planted link or checkpoint
 * would be followed or loaded. The defaults in /tmp are names that anyone can create first, so they are checked.
 */
import { lstat, stat } from 'node:fs/promises';
import { RunError } from '../errors.ts';
import { existingFolder } from './writable.ts';

export interface FolderUse {
  readonly folder: string;
  /** The option that names it, such as `trainDir`. */
  readonly option: string;
  /** Whether the user named it: then it is used, with a warning. */
  readonly isExplicit: boolean;
}

/** Who runs this, and whose a folder is. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Why another user can tamper with a folder, or undefined if none can. Root can anyway. */
export function tamperingRisk(folder: Ownership, me: Pick<Ownership, 'uid' | 'gid'>): string | undefined {
  if (folder.uid !== me.uid && folder.uid !== 0) return 'belongs to another user';
  // On systems that give each user a group of their own, folders are writable by that group.
  if ((folder.mode & 0o020) !== 0 && folder.gid !== me.gid && folder.gid !== 0)
    return 'is writable by its group';
  return (folder.mode & 0o002) !== 0 ? 'is writable by every user' : undefined;
}

/** Refuses a default folder that others can tamper with, and warns of one that the user named.
 * @throws RunError */
export async function requireTrusted(
  { folder, option, isExplicit }: FolderUse,
  onWarning: (text: string) => void,
): Promise<void> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined) return; // Windows: temporary folders are each user's own
  const { existing, missing } = await existingFolder(folder).catch(() => ({
    existing: folder,
    missing: [''],
  }));
  // A missing folder will be created, and then is the user's own.
  if (missing.length > 0) return;
  const link = await lstat(folder);
  const isForeignLink = link.isSymbolicLink() && link.uid !== uid && link.uid !== 0;
  const risk = isForeignLink
    ? "is another user's symbolic link"
    : tamperingRisk(await stat(existing), { uid, gid });
  if (risk === undefined) return;
  const advice = `Give another \`${option}\`, or make it yours alone (chown, chmod go-w)`;
  if (!isExplicit) throw new RunError(`${folder}: ${risk}, so others could replace files in it. ${advice}.`);
  onWarning(`${folder} ${risk}: files in it may be replaced by others`);
}
