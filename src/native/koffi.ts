/** Loads koffi, the package that calls C functions, and opens C libraries with it. */
import { createRequire } from 'node:module';
import { messageOf, RunError } from '../errors.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';

/** A function of a C library. A typed array is passed as a pointer to its memory. Other pointers are bigints. */
export type CFunction = (...args: readonly CArgument[]) => number | bigint | string | null;
export type CArgument = number | bigint | string | ArrayBufferView | null;

export interface Koffi {
  load(path: string | null): LibraryHandle;
  address(memory: ArrayBufferView): bigint;
  readonly decode: { string(pointer: bigint): string };
  view(pointer: number | bigint | string | null, bytes: number): ArrayBuffer;
}
export interface LibraryHandle {
  /** Throws when the library does not have the function. */
  func(name: string, result: string, args: readonly string[]): CFunction;
  /** The address of a variable of the library. Throws when the library does not have it. */
  symbol(name: string): bigint;
}

/** @param calls the library that will be called, for messages
 * @param otherwise what the user can do without koffi
 * @throws RunError when the package cannot be loaded */
export function loadKoffi(calls: string, otherwise: string): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch (error) {
    const why = describeExhaustion(error) ?? messageOf(error);
    throw new RunError(
      `the package koffi, which calls ${calls}, cannot be loaded (${why}). Its native part is an optional package: ` +
        `install without --omit=optional, or ${otherwise}`,
      { cause: error },
    );
  }
}

/** The dlopen flags: RTLD_NOW (resolve all symbols at once), RTLD_GLOBAL, and RTLD_NODELETE (never unload). */
const flags: Readonly<Partial<Record<NodeJS.Platform, { now: number; global: number; noDelete: number }>>> = {
  linux: { now: 2, global: 0x100, noDelete: 0x1000 },
  darwin: { now: 2, global: 8, noDelete: 0x80 },
};

/**
 * Keeps a library loaded until the process ends. If it were unloaded with the thread that opened it, the library's own threads
 * would execute unmapped code and crash the process after a successful run. A library that cannot be opened is left for
 * `koffi.load`, which says why.
 * @param scope `global` if libraries that are loaded later use its symbols
 */
export function pinLibrary(koffi: Koffi, path: string, scope: 'local' | 'global' = 'local'): void {
  const { now, global, noDelete } = flags[process.platform] ?? { now: 0, global: 0, noDelete: 0 };
  if (now === 0) return;
  const mode = now | noDelete | (scope === 'global' ? global : 0);
  koffi.load(null).func('dlopen', 'void *', ['const char *', 'int'])(path, mode);
}

/** Returns the C library's `sched_yield`, which lets another thread use the core, if one is waiting for it. On Windows it does
 * nothing. */
export function coreYielder(koffi: Koffi): () => void {
  if (process.platform === 'win32') return () => undefined;
  const schedYield = koffi.load(null).func('sched_yield', 'int', []);
  return () => void schedYield();
}
