/** The dashboard: run folders as the resources of a page, and their server. Without flags or console. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { PieceReaders } from './collect/piece-readers.ts';
import { RunSource } from './collect/source.ts';
import { type RunningServer, type ServeOptions, serveRuns } from './server/serve.ts';

export interface DashboardOptions extends ServeOptions {
  /** The folder that contains the runs, at any depth. */
  readonly logdir: string;
}

export interface Dashboard extends RunningServer {
  /** The number of runs when it started. */
  readonly runs: number;
  /** What was left out, for people. */
  readonly remarks: readonly string[];
}

/** Serves the page for the runs below a folder, until `close` is called. The folder may be empty: runs appear on the page when they
 * begin. The page is served as soon as the runs are found: large ones are read meanwhile.
 * @throws RunError when the folder cannot be read, the page is not built, or the port cannot be used */
export async function serveDashboard({ logdir, ...options }: DashboardOptions): Promise<Dashboard> {
  const source = await sourceOf(logdir);
  try {
    const { runs, remarks } = await source.begin().catch((error: unknown) => {
      throw unreadable(logdir, error);
    });
    const server = await serveRuns(source, options);
    const close = async () => {
      await server.close();
      await source.close();
    };
    return { ...server, close, runs: runs.length, remarks };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Finds and reads the runs below a folder.
 * @throws RunError when the folder cannot be read */
export async function openSource(logdir: string): Promise<RunSource> {
  const source = await sourceOf(logdir);
  try {
    await source.refresh();
  } catch (error) {
    await source.close();
    throw unreadable(logdir, error);
  }
  return source;
}

async function sourceOf(logdir: string): Promise<RunSource> {
  await requireFolder(logdir);
  const readers = new PieceReaders();
  return new RunSource(logdir, readers.read, () => readers.close());
}

function unreadable(logdir: string, error: unknown): RunError {
  return new RunError(`cannot read the folder ${oneLine(logdir)}: ${oneLine(messageOf(error))}`, {
    cause: error,
  });
}

async function requireFolder(logdir: string): Promise<void> {
  const shown = oneLine(logdir);
  try {
    if ((await stat(logdir)).isDirectory()) return;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      throw new RunError(`cannot read the folder ${shown}: ${oneLine(messageOf(error))}`, { cause: error });
    throw new RunError(
      `${shown}: folder not found. Name the folder that contains your runs with \`logdir\`, or train a run in it first: ${command(`train --train-dir ${shellWord(oneLine(join(logdir, 'first')))}`)}`,
      { cause: error },
    );
  }
  throw new RunError(`${shown} is not a folder. \`logdir\` names the folder that contains the runs.`);
}
