/** Advice for a folder without checkpoints: the runs in it, or a path that differs in a few letters. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stepOfName } from '../checkpoint/names.ts';
import { command } from '../command.ts';
import { exists } from '../disk/exists.ts';
import { shellWord } from '../disk/shell-word.ts';
import { RunError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { oneLine, shortened } from '../wording.ts';
import { isOtherFile } from './file-kind.ts';

/** The maximum number of subfolders to look into, and of runs to list. */
const [mostFolders, mostNamed] = [1000, 5];

/** Makes the error for a folder without checkpoints. */
export async function noCheckpoint(dir: string): Promise<RunError> {
  const train = `Train first: ${command(`train --train-dir ${shellWord(dir)}`)}`;
  const isFile = dir.endsWith('.safetensors') && !(await exists(dir));
  const message = isFile
    ? `The file ${oneLine(dir)} does not exist`
    : `No checkpoint file found in ${oneLine(dir)}. ${(await adviceFor(dir)) ?? train}`;
  return new RunError(message, {
    code: 'CIFAR10_NO_CHECKPOINT',
    data: { folder: dir },
  });
}

/** Returns advice that contains the path that was probably meant, or undefined if there is no such path. */
export async function adviceFor(dir: string): Promise<string | undefined> {
  if (await exists(dir)) {
    const [first, ...others] = await runsIn(dir);
    if (first === undefined) return undefined;
    const more = others.length <= mostNamed ? '' : ' …';
    const also =
      others.length === 0 ? '' : ` (others: ${others.slice(0, mostNamed).map(named).join(', ')}${more})`;
    return `The folder contains runs; use one of them: \`checkpointDir: ${join(dir, first)}\`${also}`;
  }
  const file = `${dir}.safetensors`;
  if (await exists(file)) return `Did you mean \`checkpointDir: ${file}\`?`;
  const near = nearest(basename(dir), await runsIn(dirname(dir)));
  return near === undefined
    ? undefined
    : `The path does not exist. Did you mean \`checkpointDir: ${join(dirname(dir), near)}\`?`;
}

/** Returns the error for a file that could not be read as a checkpoint. If the file is not a checkpoint at all, the error says
 * so; otherwise it is `cause`.
 * @param cause the error from reading the file
 * @param option the option that names the file
 * @param takes what the option must be */
export async function notACheckpoint(
  path: string,
  cause: RunError,
  option: string,
  takes: string,
): Promise<RunError> {
  if (path.endsWith('.safetensors') || !(await isOtherFile(path))) return cause;
  return new RunError(`${oneLine(path)} is a file, but not a checkpoint; \`${option}\` must be ${takes}`, {
    cause,
  });
}

/** Returns the names of the subfolders that contain checkpoints. */
async function runsIn(dir: string): Promise<readonly string[]> {
  const runs: string[] = [];
  for (const name of (await namesIn(dir)).slice(0, mostFolders)) {
    const files = await namesIn(join(dir, name));
    if (files.some((file) => stepOfName(file) !== undefined)) runs.push(name);
  }
  return runs;
}

/** Returns the sorted names in a folder, or an empty list if the folder cannot be read. */
async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).then(
    (names) => names.sort(),
    () => [],
  );
}

function named(name: string): string {
  return oneLine(shortened(name, 40));
}
