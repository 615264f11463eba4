/** Runs the compiler, for tests of what compiles and what does not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Returns the errors that the compiler reports for the files with our settings, or an empty string if there are none.
 * @param files absolute paths
 * @param options compiler options that replace those of tsconfig.json */
export function compilerErrors(files: readonly string[], options: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-compile-'));
  try {
    const config = join(folder, 'tsconfig.json');
    const compilerOptions = {
      ...{
        noEmit: true,
        rootDir: '/',
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: false,
      },
      ...{ typeRoots: [join(root, 'node_modules', '@types')], ...options },
    };
    const extended = join(root, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ extends: extended, compilerOptions, include: [], files }));
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the errors that the compiler reports for a program, or an empty string if there are none.
 * @param text the text of a module, in which `src/` stands for the folder of our sources */
export function errorsOfText(text: string, options: object = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-compile-'));
  try {
    const file = join(folder, 'text.mts');
    writeFileSync(file, text.replaceAll("'src/", `'${root}src/`));
    return compilerErrors([file], options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
