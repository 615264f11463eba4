/** Checks the folders that a command uses, before anything is read or written in them. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { shellWord } from '../../disk/shell-word.ts';
import { requireTrusted } from '../../disk/trusted-folder.ts';
import { writtenName } from '../flag.ts';

/** Refuses default folders that other users could tamper with, and warns about such folders if the user named them. Also warns
 * about a `~` that the shell did not expand.
 * @param names the names of the flags, such as `trainDir`
 * @throws RunError when a folder is refused */
export async function requireTrustedFolders<Flags extends object>(
  flags: Flags,
  given: ReadonlySet<string>,
  names: readonly (keyof Flags & string)[],
  onWarning: (text: string) => void,
): Promise<void> {
  for (const name of names) {
    const [folder, flag] = [flags[name], writtenName(name)];
    if (typeof folder !== 'string') continue;
    if (/^~(\/|$)/.test(folder))
      onWarning(
        `--${flag}=${folder}: the shell did not expand ~, so this is a folder named "~"; write --${flag} ${shellWord(join(homedir(), folder.slice(1)))}`,
      );
    await requireTrusted({ folder, option: name, isExplicit: given.has(flag) }, onWarning);
  }
}
