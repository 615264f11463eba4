/** Writes the page and all resources as files, for any web server. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { command } from '../command.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { shellWord } from '../disk/shell-word.ts';
import { errorCode, messageOf, RunError, requireRunning } from '../errors.ts';
import { version } from '../version.ts';
import { oneLine } from '../wording.ts';
import type { RunSource } from './collect/source.ts';
import { openSource } from './dashboard.ts';
import { pathsOf } from './resources.ts';
import { type Asset, pageFiles } from './server/assets.ts';
import { contentSecurityPolicy } from './server/headers.ts';

export interface PageExportOptions {
  readonly logdir: string;
  /** The folder to write. It must be empty or missing, or contain an earlier export, which is replaced. */
  readonly dir: string;
  /** The folder of the built page. Default: that of the package. */
  readonly page?: string;
  readonly signal?: AbortSignal;
}

/** What an export reports. */
export type PageExportEvent =
  | { readonly kind: 'progress'; readonly done: number; readonly all: number }
  | { readonly kind: 'skipped'; readonly text: string }
  | {
      readonly kind: 'end';
      readonly dir: string;
      readonly runs: number;
      readonly files: number;
      readonly bytes: number;
    };

/** The file that marks an export. It lists all others, so that files of others are never deleted. */
const markName = 'cifar10-dashboard.json';
/** A larger mark is not ours. */
const mostMarkBytes = 256 << 20;

interface Mark {
  readonly cifar10: string;
  /** The paths of the other files, with `/` between their parts. */
  readonly files: readonly string[];
}
/** The longest name of a file on common file systems, in bytes. */
const longestName = 255;

/** Writes to a folder beside the target, and then replaces the target.
 * @throws RunError when there are no runs, or the folder contains something else or cannot be written */
export async function* exportPage(
  options: PageExportOptions,
): AsyncGenerator<PageExportEvent, void, undefined> {
  const dir = resolve(options.dir);
  await requireReplaceable(dir);
  const assets = await pageFiles(options.page);
  const source = await openSource(options.logdir);
  if (source.runs.length === 0)
    throw new RunError(
      `${oneLine(options.logdir)}: no runs found (event files, metrics.jsonl, recipe.toml or checkpoints). Name the folder that contains your runs with \`logdir\`, or train one: ${command(`train --train-dir ${shellWord(oneLine(join(options.logdir, 'first')))}`)}`,
    );
  const aside = join(dirname(dir), `.${basename(dir)}.${process.pid}.${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(aside, { recursive: true });
    const totals = yield* writeFiles(aside, source, assets, options.signal);
    await requireReplaceable(dir);
    await replace(dir, aside);
    yield { kind: 'end', dir, runs: source.runs.length, ...totals };
  } catch (error) {
    if (errorCode(error) === 'ABORT_ERR' || error instanceof RunError) throw error;
    throw new RunError(
      `${oneLine(dir)}: the page cannot be written (${oneLine(messageOf(error))}). Use another folder.`,
      {
        cause: error,
      },
    );
  } finally {
    await rm(aside, { recursive: true, force: true });
    await source.close();
  }
}

async function* writeFiles(
  aside: string,
  source: RunSource,
  assets: ReadonlyMap<string, Asset>,
  signal: AbortSignal | undefined,
): AsyncGenerator<PageExportEvent, { readonly files: number; readonly bytes: number }, undefined> {
  let bytes = 0;
  const written: string[] = [];
  const write = async (path: string, content: Uint8Array | string) => {
    await mkdir(dirname(join(aside, path)), { recursive: true });
    await writeFile(join(aside, path), content, { flag: 'wx' });
    written.push(path);
    bytes += content.length;
  };
  for (const [path, asset] of assets)
    await write(path, path === 'index.html' ? withPolicy(asset.bytes) : asset.bytes);
  const found = await pathsOf(source);
  for (const [index, { path, make }] of found.entries()) {
    requireRunning(signal);
    yield { kind: 'progress', done: index, all: found.length };
    if (path.split('/').some((name) => Buffer.byteLength(name) > longestName)) {
      yield {
        kind: 'skipped',
        text: `${path.slice(0, 60)}…: the path of the run or the tag is too long for the name of a file`,
      };
      continue;
    }
    const content = await make();
    if (content !== undefined) await write(`data/${path}`, content);
  }
  const mark: Mark = { cifar10: version, files: written.toSorted() };
  await write(markName, `${JSON.stringify(mark)}\n`);
  return { files: written.length, bytes };
}

/** Adds the policy to the page, because a file server does not send the headers of our server. */
function withPolicy(bytes: Uint8Array): string {
  const meta = `<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}" />`;
  return new TextDecoder().decode(bytes).replace(/<head>/, `<head>\n    ${meta}`);
}

/** @throws RunError when the folder contains anything but an earlier export */
async function requireReplaceable(dir: string): Promise<void> {
  const paths = await pathsIn(dir).catch((error: unknown): string[] => {
    if (errorCode(error) === 'ENOENT') return [];
    throw new RunError(
      `${oneLine(dir)}: cannot be written (${oneLine(messageOf(error))}). Use another folder.`,
      {
        cause: error,
      },
    );
  });
  const own = new Set([...(await filesInMark(join(dir, markName))), markName]);
  const other = paths.find((path) => !own.has(path));
  if (other === undefined) return;
  throw new RunError(
    `${oneLine(dir)}: the folder contains other files (${oneLine(other)} …), which an export would delete. Move them away, or use an empty or a new folder.`,
  );
}

/** Returns the paths of everything in a folder except folders with something in them, with `/` between their parts. */
async function pathsIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const parents = new Set(entries.map(({ parentPath }) => join(parentPath)));
  return paths.filter((path) => !parents.has(path)).map((path) => relative(dir, path).split(sep).join('/'));
}

/** Returns the files that the mark of an export lists, or none if it is no such mark. */
async function filesInMark(path: string): Promise<readonly string[]> {
  try {
    const bytes = await readRegularFile(path, { links: 'refuse', maximumBytes: mostMarkBytes });
    const { files } = JSON.parse(bytes.toString('utf8')) as Partial<Mark>;
    return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
  } catch {
    return [];
  }
}

/** Moves the new folder to its place. An earlier export stays until the new one is complete. */
async function replace(dir: string, made: string): Promise<void> {
  const old = `${made}.old`;
  const hadOld = await rename(dir, old).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(made, dir);
  } catch (error) {
    if (hadOld) await rename(old, dir);
    throw error;
  }
  if (hadOld) await rm(old, { recursive: true, force: true });
}
