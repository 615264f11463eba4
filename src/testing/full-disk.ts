/** A disk that can be filled, for tests. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { inTemporaryFolder } from './examples.ts';

export interface FullDisk {
  /** A folder on it. */
  readonly dir: string;
  /** Takes all the room that is left. */
  readonly fill: () => void;
  /** Gives that room back. */
  readonly free: () => void;
}

/** Runs a test on a file system in memory of this size, such as `64k`; skips it where mounting is refused. */
export function fullDisk(
  context: TestContext,
  size: string,
  body: (disk: FullDisk) => Promise<void>,
): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const words = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder];
    const { status, error, stderr } = spawnSync('mount', words, { encoding: 'utf8' });
    if (status !== 0) return context.skip(`mounting is refused here: ${error?.message ?? stderr.trim()}`);
    const dir = join(folder, 'run');
    const ballast = join(folder, 'ballast');
    mkdirSync(dir);
    try {
      await body({ dir, fill: () => fill(ballast), free: () => rmSync(ballast) });
    } finally {
      spawnSync('umount', [folder]);
    }
  });
}

function fill(path: string): void {
  const descriptor = openSync(path, 'w');
  try {
    for (;;) writeSync(descriptor, new Uint8Array(4096));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(descriptor);
  }
}
