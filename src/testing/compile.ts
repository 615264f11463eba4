/** The compiler, for tests of what compiles and what does not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What the compiler finds wrong with files, under our settings: empty for nothing.
 * @param files absolute paths
 * @param options that differ from those of tsconfig.json */
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

/** What the compiler finds wrong with a program.
 * @param text of a module; `src/` in it stands for our sources */
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
