/** Finds the folders of runs below a folder. Nothing outside the folder is found, whatever links there are. */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stepOfName } from '../../checkpoint/names.ts';
import { isInside } from '../../disk/inside.ts';
import { errorCode } from '../../errors.ts';
import { evaluationsFile } from '../../evaluation/evaluation-log.ts';
import { recipeFileName } from '../../run/recipe-file.ts';
import { logFileName } from '../../run/run-log.ts';
import { isEventFileName } from '../../summary/event-file-name.ts';
import { metricsFileName } from '../../summary/metrics-file.ts';
import { oneLine } from '../../wording.ts';

/** How deep folders are searched, and how many folders, runs, and files of a run are used. */
const [mostDepth, mostFolders, mostRuns, mostFiles] = [8, 20_000, 2000, 5000];

/** A file of a run. */
export interface FoundFile {
  readonly name: string;
  /** The path without symbolic links. */
  readonly path: string;
  readonly size: number;
  readonly inode: number;
  readonly modifiedMillis: number;
}

/** A folder with files of a run. */
export interface FoundRun {
  /** The path below the folder that was searched, with `/` between its parts; `.` is the folder itself. */
  readonly path: string;
  readonly folder: string;
  /** The files that matter, by name. */
  readonly files: ReadonlyMap<string, FoundFile>;
}

export interface FoundRuns {
  readonly runs: readonly FoundRun[];
  /** What was left out, for people. */
  readonly remarks: readonly string[];
}

/** Whether a file with this name belongs to a run. Other files are not looked at. */
function isOfRun(name: string): boolean {
  return (
    isEventFileName(name) ||
    stepOfName(name) !== undefined ||
    [metricsFileName, recipeFileName, evaluationsFile].includes(name)
  );
}

/** Whether a file with this name is looked at if its folder is that of a run. */
function matters(name: string): boolean {
  return isOfRun(name) || /^report-.*\.json$/.test(name) || name === logFileName;
}

/** Finds the runs below a folder, in the order of their paths. Folders are searched before links to folders, so that a run has the
 * path of its own folder. What cannot be read at the moment, as during an outage of a file server, is as it was before.
 * @param before the runs that were found before
 * @throws the error of the operating system, when the folder itself cannot be read */
export async function findRuns(dir: string, before: readonly FoundRun[] = []): Promise<FoundRuns> {
  const root = await realpath(dir);
  const runs: FoundRun[] = [];
  const remarks: string[] = [];
  const visited = new Set<string>();
  const waiting: Waiting[] = [{ path: '.', folder: root, depth: 0 }];
  const linked: Waiting[] = [];
  const knownFiles = new Map(before.map((run) => [run.path, run.files]));
  for (;;) {
    const next = waiting.shift() ?? linked.shift();
    if (next === undefined) break;
    const { path, folder, depth } = next;
    if (visited.has(folder)) continue;
    visited.add(folder);
    if (visited.size > mostFolders || runs.length >= mostRuns) {
      remarks.push(`only the first ${mostFolders} folders and ${mostRuns} runs are shown`);
      break;
    }
    const listed = await entriesOf(root, folder).catch((error: unknown) => {
      if (path === '.') throw error;
      return errorCode(error) === 'ENOENT' ? undefined : oneLine(errorCode(error) ?? 'unknown error');
    });
    if (listed === undefined) continue;
    if (typeof listed === 'string') {
      remarks.push(`${oneLine(path)}: the folder cannot be read (${listed})`);
      runs.push(...before.filter((run) => run.path === path || run.path.startsWith(`${path}/`)));
      continue;
    }
    const wanted = listed.files.some(({ name }) => isOfRun(name))
      ? listed.files.filter(({ name }) => matters(name)).slice(0, mostFiles)
      : [];
    const known = knownFiles.get(path);
    const files = (
      await Promise.all(
        wanted.map((entry) =>
          foundFile(entry).catch((error: unknown) =>
            errorCode(error) === 'ENOENT' ? undefined : known?.get(entry.name),
          ),
        ),
      )
    ).filter((file) => file !== undefined);
    if (files.length > 0) runs.push({ path, folder, files: new Map(files.map((file) => [file.name, file])) });
    if (depth === mostDepth) continue;
    for (const { name, path: inner, isLink } of listed.folders)
      (isLink ? linked : waiting).push({
        path: path === '.' ? name : `${path}/${name}`,
        folder: inner,
        depth: depth + 1,
      });
  }
  const order = new Intl.Collator('en', { numeric: true });
  const all = new Set(runs.map(({ folder }) => folder));
  const shown = runs.filter(({ folder }) => !isBestOf(folder, all));
  return { runs: shown.sort((a, b) => order.compare(a.path, b.path)), remarks };
}

/** Whether a folder contains the best checkpoint of the run in the folder above, which `train` keeps in `best`. */
export function isBestOf(folder: string, runs: ReadonlySet<string>): boolean {
  return basename(folder) === 'best' && runs.has(dirname(folder));
}

interface Waiting {
  readonly path: string;
  readonly folder: string;
  readonly depth: number;
}

interface Entry {
  readonly name: string;
  /** The path without symbolic links. */
  readonly path: string;
  readonly isLink: boolean;
}

/** Returns the files and folders in a folder. Links are followed if they lead to something inside the root. */
async function entriesOf(
  root: string,
  folder: string,
): Promise<{ readonly files: readonly Entry[]; readonly folders: readonly Entry[] }> {
  const files: Entry[] = [];
  const folders: Entry[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry;
    const path = join(folder, name);
    if (entry.isFile()) files.push({ name, path, isLink: false });
    if (entry.isDirectory()) folders.push({ name, path, isLink: false });
    if (!entry.isSymbolicLink()) continue;
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined || !isInside(root, target)) continue;
    const stats = await stat(target).catch(() => undefined);
    if (stats?.isFile() === true) files.push({ name, path: target, isLink: true });
    if (stats?.isDirectory() === true) folders.push({ name, path: target, isLink: true });
  }
  const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : 1);
  return { files: files.sort(byName), folders: folders.sort(byName) };
}

async function foundFile({ name, path }: Entry): Promise<FoundFile | undefined> {
  const stats = await lstat(path);
  if (!stats.isFile()) return undefined;
  return { name, path, size: stats.size, inode: stats.ino, modifiedMillis: stats.mtimeMs };
}
