/** Where an export is written: a file with a model card beside it, or a folder that contains its card. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stepOfName } from '../checkpoint/names.ts';
import { registerUnfinished } from '../disk/unfinished.ts';
import { cannotBeWritten, makeFolder, removeEmpty, writableFolder } from '../disk/writable.ts';
import { asideEnding, writeAside } from '../disk/write-aside.ts';
import { RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import type { ExportSettings } from './export-request.ts';
import { exportFormats } from './formats.ts';

type Output = Pick<ExportSettings, 'format' | 'output' | 'force'>;

/** A file that was written. */
export interface OutputFile {
  readonly path: string;
  readonly bytes: number;
}

/** What the name of a model card beside a file adds to the name of that file. */
const cardBeside = '.md';

/** Returns the name of the model card in the output: `README.md` in a folder, and `.md` for `model.onnx.md` beside `model.onnx`. */
export function cardName({ format }: Pick<Output, 'format'>): string {
  return isFolderFormat(format) ? 'README.md' : cardBeside;
}

function isFolderFormat(format: Output['format']): boolean {
  return exportFormats[format].ending === undefined;
}

/** Returns the path of a file of the export. In a folder, `name` is its name; otherwise, it is appended to the path of the file. */
function pathOf({ format, output }: Output, name: string): string {
  return isFolderFormat(format) ? join(output, name) : output + name;
}

/** @throws RunError when the output exists and must not be replaced, would damage a run, or cannot be written */
export async function requireFreeOutput(settings: Output): Promise<void> {
  const { output, format, force } = settings;
  const isFolder = isFolderFormat(format);
  await requireNoRun(output, isFolder);
  for (const path of isFolder ? [output] : [output, pathOf(settings, cardBeside)]) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isDirectory() !== isFolder)
      throw new RunError(
        `${oneLine(path)} is ${isFolder ? 'a file' : 'a folder'}, but \`format: ${format}\` writes ${isFolder ? 'a folder' : 'a file'}; ` +
          'use another `output`',
      );
    if (!force)
      throw new RunError(
        `${oneLine(path)} already exists; use another \`output\`, or add \`force\` to replace it`,
      );
  }
  const folder = dirname(output);
  await writableFolder(folder).catch((error: unknown) => {
    throw cannotBeWritten(folder, 'output', error);
  });
}

/** Refuses to replace the files of a run, even with `force`: its checkpoints, and its index, which is called `checkpoint` in
 * TensorFlow's format too. */
async function requireNoRun(output: string, isFolder: boolean): Promise<void> {
  const names = isFolder ? await readdir(output).catch(() => []) : [basename(output)];
  const checkpoint = names.find((name) => stepOfName(name) !== undefined);
  if (checkpoint === undefined) return;
  throw new RunError(
    isFolder
      ? `${oneLine(output)} is a training folder (it contains ${checkpoint}), and an export would replace its files; use another \`output\``
      : `${oneLine(output)} is the name of a checkpoint, and an export would take its place; use another \`output\``,
  );
}

/** Writes the files, and the folders that they need. If a file cannot be written, the files and folders that were created before
 * it are removed. A new folder appears when it is complete; in an existing one, each file is replaced.
 * @param files the bytes by path, relative to the output
 * @throws RunError when a file cannot be written */
export async function writeOutput(
  settings: Output,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<readonly OutputFile[]> {
  const { output, format } = settings;
  const isNewFolder = isFolderFormat(format) && !(await stat(output).catch(() => undefined));
  if (!isNewFolder) return writeFiles(settings, files);
  const target = output.replace(/(?<=.)[\\/]+$/, '');
  const aside = target + asideEnding;
  const remove = () => rm(aside, { recursive: true, force: true });
  const finish = registerUnfinished(remove);
  try {
    await remove(); // left by a killed process
    const written = await writeFiles({ ...settings, output: aside }, files);
    await rename(aside, target);
    return written.map(({ path, bytes }) => ({ path: join(target, path.slice(aside.length)), bytes }));
  } catch (error) {
    await remove().catch(() => undefined);
    throw error instanceof RunError ? error : cannotBeWritten(dirname(output), 'output', error, target);
  } finally {
    finish();
  }
}

async function writeFiles(
  settings: Output,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<readonly OutputFile[]> {
  const written: OutputFile[] = [];
  const folders: string[] = [];
  try {
    for (const [name, bytes] of files) {
      const path = pathOf(settings, name);
      folders.push(...(await makeFolder(dirname(path), 'output')));
      await writeAside(path, bytes);
      written.push({ path, bytes: bytes.length });
    }
    return written;
  } catch (error) {
    // With `force`, a written file may have replaced another one, so it is kept.
    if (!settings.force)
      for (const { path } of written) await rm(path, { force: true }).catch(() => undefined);
    await removeEmpty(folders);
    throw error;
  }
}
