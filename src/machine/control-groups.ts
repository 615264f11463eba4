/**
 * The control groups of this process, with which Linux limits CPU time, memory and the number of threads (Linux kernel
 * documentation, "Control Group v2" and "Control Groups version 1"). Containers and schedulers set these limits.
 *
 *     /proc/self/cgroup      version 1:  <hierarchy>:<controller>[,<controller>…]:<group>
 *                            version 2:  0::<group>
 *     /proc/self/mountinfo   <id> <parent> <device> <root> <mount point> <options> [<tags>…] - <type> <source> <super options>
 *
 * A host may use either version, or both; on such a hybrid host each controller belongs to one of them. The limit of a
 * group also applies to all groups below it, so every group counts, from that of the process up to the mounted one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';

/** Reads a file. Returns undefined if it cannot be read, for example on a system other than Linux. */
export type ReadText = (path: string) => string | undefined;

export type Controller = 'cpu' | 'memory' | 'pids';

/** The folder of a group. Files in it contain its limits. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Returns the groups that limit this process, the innermost first: those of both versions if both have the controller. */
export function controlGroups(controller: Controller, read: ReadText = readText): readonly ControlGroup[] {
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').flatMap(mountOf);
  const memberships = (read('/proc/self/cgroup') ?? '').split('\n').flatMap(membershipOf);
  return mounts.flatMap((mount) => {
    if (mount.version === 1 && !mount.controllers.includes(controller)) return [];
    const own = memberships.find(({ version, controllers }) =>
      version === 2 ? mount.version === 2 : mount.version === 1 && controllers.includes(controller),
    );
    return foldersUpTo(mount, own?.group ?? '/').map((folder) => ({ version: mount.version, folder }));
  });
}

interface Mount {
  readonly version: 1 | 2;
  /** The group that is visible at the mount point. In containers this is often not the root. */
  readonly root: string;
  readonly mountPoint: string;
  /** Empty for version 2, which lists its controllers in files. */
  readonly controllers: readonly string[];
}

function mountOf(line: string): readonly Mount[] {
  const [left = '', right = ''] = line.split(' - ');
  const [, , , root, mountPoint] = left.split(' ').map(unescaped);
  const [type, , superOptions = ''] = right.split(' ');
  if (root === undefined || mountPoint === undefined) return [];
  if (type === 'cgroup') return [{ version: 1, root, mountPoint, controllers: superOptions.split(',') }];
  return type === 'cgroup2' ? [{ version: 2, root, mountPoint, controllers: [] }] : [];
}

function membershipOf(line: string) {
  const [, hierarchy, controllers = '', group = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
  if (hierarchy === undefined) return [];
  const version = hierarchy === '0' && controllers === '' ? (2 as const) : (1 as const);
  return [{ version, controllers: controllers.split(','), group }];
}

/** Returns the folders from the group of the process up to the mount point. In a container, the path of the group may be its
 * path on the host, which is outside the mounted group. Then the mounted group is that of the container, and only it counts. */
function foldersUpTo({ root, mountPoint }: Mount, group: string): readonly string[] {
  const below = belowRoot(group, root);
  if (below === undefined) return [mountPoint];
  const names = below.split('/').filter((name) => name !== '');
  return [...names.keys(), names.length]
    .toReversed()
    .map((depth) => join(mountPoint, ...names.slice(0, depth)));
}

function belowRoot(group: string, root: string): string | undefined {
  if (group.split('/').includes('..')) return undefined;
  if (root === '/' || group === root) return group.slice(root === '/' ? 0 : root.length);
  return group.startsWith(`${root}/`) ? group.slice(root.length) : undefined;
}

/** Undoes the escapes of mountinfo, in which spaces, tabs, newlines and backslashes are octal numbers, such as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
