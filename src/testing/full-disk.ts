/** A small disk that tests can fill. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { inTemporaryFolder } from './examples.ts';

export interface FullDisk {
  /** A folder on the disk. */
  readonly dir: string;
  /** Fills all remaining space. */
  readonly fill: () => void;
  /** Frees that space again. */
  readonly free: () => void;
}

/** Runs a test on a tmpfs of the given size, such as `64k`. Skips the test if mounting is not permitted. */
export function fullDisk(
  context: TestContext,
  size: string,
  body: (disk: FullDisk) => Promise<void>,
): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const words = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder];
    const { status, error, stderr } = spawnSync('mount', words, { encoding: 'utf8' });
    if (status !== 0) return context.skip(`mounting is not permitted: ${error?.message ?? stderr.trim()}`);
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
