/** Finds and opens the MPI library. */
import { messageOf, RunError } from '../../errors.ts';
import {
  type CArgument,
  type CFunction,
  coreYielder,
  type Koffi,
  type LibraryHandle,
  loadKoffi,
  pinLibrary,
} from '../../native/koffi.ts';
import { oneLine, shortened } from '../../wording.ts';
import {
  type Abi,
  type HandleName,
  shortVersion,
  standardAbi,
  type Vendor,
  vendorAbis,
  vendorOf,
} from './abi.ts';

/** The environment variable that names the library. */
export const libraryVariable = 'CIFAR10_MPI';

/** The library names to try, in this order: the standard interface, then those of implementations. */
const defaultLibraries: Readonly<
  Partial<Record<NodeJS.Platform, Readonly<Record<'standard' | Vendor, readonly string[]>>>>
> = {
  linux: {
    standard: ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so'],
    'Open MPI': ['libmpi.so.40', 'libmpi.so'],
    MPICH: ['libmpich.so.12', 'libmpi.so.12', 'libmpi.so'],
  },
  darwin: {
    standard: ['libmpi_abi.dylib', '/opt/homebrew/lib/libmpi_abi.dylib', '/usr/local/lib/libmpi_abi.dylib'],
    'Open MPI': ['libmpi.40.dylib', '/opt/homebrew/lib/libmpi.40.dylib', '/usr/local/lib/libmpi.40.dylib'],
    MPICH: ['libmpi.12.dylib', '/opt/homebrew/lib/libmpi.12.dylib', '/usr/local/lib/libmpi.12.dylib'],
  },
};

const installAdvice =
  'Install Open MPI or MPICH on every host (Debian: apt install openmpi-bin, or mpich), or name the library file in ' +
  `${libraryVariable}. \`collective: none\` trains without MPI`;

/** A C type in a signature: `handle` depends on the interface of the library. */
type Type = 'handle' | 'int' | 'pointer';

/** The functions of MPI that we use, by their names without `MPI_`. */
export type MpiFunction =
  | 'Abi_get_version'
  | 'Get_library_version'
  | 'Init_thread'
  | 'Initialized'
  | 'Finalize'
  | 'Finalized'
  | 'Abort'
  | 'Error_string'
  | 'Comm_set_errhandler'
  | 'Comm_rank'
  | 'Comm_size'
  | 'Allreduce'
  | 'Iallreduce'
  | 'Bcast'
  | 'Ibcast'
  | 'Barrier'
  | 'Ibarrier'
  | 'Test';

/** The types of their arguments. */
const signatures: Readonly<Record<MpiFunction, readonly Type[]>> = {
  Abi_get_version: ['pointer', 'pointer'],
  Get_library_version: ['pointer', 'pointer'],
  Init_thread: ['pointer', 'pointer', 'int', 'pointer'],
  Initialized: ['pointer'],
  Finalize: [],
  Finalized: ['pointer'],
  Abort: ['handle', 'int'],
  Error_string: ['int', 'pointer', 'pointer'],
  Comm_set_errhandler: ['handle', 'handle'],
  Comm_rank: ['handle', 'pointer'],
  Comm_size: ['handle', 'pointer'],
  Allreduce: ['pointer', 'pointer', 'int', 'handle', 'handle', 'handle'],
  Iallreduce: ['pointer', 'pointer', 'int', 'handle', 'handle', 'handle', 'pointer'],
  Bcast: ['pointer', 'int', 'handle', 'int', 'handle'],
  Ibcast: ['pointer', 'int', 'handle', 'int', 'handle', 'pointer'],
  Barrier: ['handle'],
  Ibarrier: ['handle', 'pointer'],
  Test: ['pointer', 'pointer', 'pointer'],
};

/** The room for texts: the largest `MPI_MAX_LIBRARY_VERSION_STRING` of all implementations. */
const textBytes = 8192;

export class MpiLibrary {
  /** The name or path with which the library was opened. */
  readonly path: string;
  /** The name and version, such as `Open MPI 4.1.4`. */
  readonly version: string;
  readonly vendor: Vendor;
  readonly abi: Abi;
  /** Lets another process use the core, if one is waiting for it. */
  readonly yieldCore: () => void;
  readonly #library: LibraryHandle;
  readonly #functions = new Map<MpiFunction, CFunction>();

  /** Opens a library.
   * @throws RunError when it cannot be opened, or is not an MPI library that we know */
  constructor(koffi: Koffi, path: string) {
    this.path = path;
    try {
      this.#library = koffi.load(path);
    } catch (error) {
      throw new RunError(`${path}: ${messageOf(error)}`, { cause: error });
    }
    this.abi = standardAbi; // until it is known: the first functions have no handles
    const text = this.#text('Get_library_version');
    const vendor = vendorOf(text);
    if (vendor === undefined)
      throw new RunError(
        `${path} is not Open MPI, MPICH or one of their derivatives, but ${shortened(oneLine(text))}`,
      );
    this.version = shortVersion(text);
    this.vendor = vendor;
    this.yieldCore = coreYielder(koffi);
    this.abi = this.#hasStandardAbi() ? standardAbi : vendorAbis[vendor];
  }

  /** The value to pass for a predefined object. */
  handle(name: HandleName): number | bigint {
    const value = this.abi.handles[name];
    if (typeof value === 'string') return this.#library.symbol(value);
    return this.abi.handleType === 'int' ? value : BigInt(value);
  }

  /** Calls a function of MPI.
   * @throws RunError when it returns an error */
  call(name: MpiFunction, ...args: readonly CArgument[]): void {
    const code = this.#function(name)(...args);
    if (code !== 0)
      throw new RunError(`MPI_${name} failed: ${this.#errorText(Number(code))} (${this.version})`);
  }

  /** Calls a function whose last argument is a pointer to an int, and returns this int.
   * @throws RunError when it returns an error */
  read(name: MpiFunction, ...args: readonly CArgument[]): number {
    const result = new Int32Array(1);
    this.call(name, ...args, result);
    return result[0] as number;
  }

  #function(name: MpiFunction): CFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const types = signatures[name].map((type) => {
      if (type === 'handle') return this.abi.handleType;
      return type === 'pointer' ? 'void *' : type;
    });
    const made = this.#find(name, types);
    this.#functions.set(name, made);
    return made;
  }

  #find(name: MpiFunction, types: readonly string[]): CFunction {
    try {
      return this.#library.func(`MPI_${name}`, 'int', types);
    } catch (error) {
      throw new RunError(`${this.path} has no function MPI_${name}: it is not MPI 3.0 or later`, {
        cause: error,
      });
    }
  }

  #hasStandardAbi(): boolean {
    const [major, minor] = [new Int32Array(1), new Int32Array(1)];
    try {
      // A library of MPI 5.0 with its own interface returns −1.
      this.#find('Abi_get_version', ['void *', 'void *'])(major, minor);
    } catch {
      return false;
    }
    return (major[0] as number) > 0;
  }

  #errorText(code: number): string {
    try {
      // MPICH returns a stack of calls, such as `internal_Ibcast(62): Invalid root`. The last line is the cause.
      const lines = this.#text('Error_string', code).trim().split('\n');
      return (lines.at(-1) ?? '').replace(/^\w+\(\d+\)\.*: /, '');
    } catch {
      return `error ${code}`;
    }
  }

  /** Calls a function whose last two arguments are a buffer for a text and a pointer to its length. */
  #text(name: 'Get_library_version' | 'Error_string', ...args: readonly CArgument[]): string {
    const [bytes, length] = [new Uint8Array(textBytes), new Int32Array(1)];
    const code = this.#function(name)(...args, bytes, length);
    if (code !== 0) throw new RunError(`MPI_${name} failed`);
    // Open MPI's length includes the terminating zero.
    return new TextDecoder().decode(bytes.subarray(0, length[0])).replace(/\0.*$/s, '');
  }
}

/** The libraries that this thread has opened, by path. */
const opened = new Map<string, MpiLibrary>();

/** Opens the MPI library with this name or path. Each thread opens a library only once.
 * @throws RunError when it cannot be opened */
export function openMpi(path: string): MpiLibrary {
  const known = opened.get(path);
  if (known !== undefined) return known;
  const koffi = koffiForMpi();
  // Open MPI's plug-ins use the symbols of the library that loads them.
  pinLibrary(koffi, path, 'global');
  const library = new MpiLibrary(koffi, path);
  opened.set(path, library);
  return library;
}

/** Finds the library of the launcher that started this process, or else the first that exists.
 * @param vendor the implementation that the launcher starts, if that is known
 * @throws RunError with the libraries that were tried, their errors, and how to install one */
export function findMpi(vendor: Vendor | undefined, launcher: string): string {
  const koffi = koffiForMpi();
  const named = process.env[libraryVariable] || undefined; // an empty value means unset
  const candidates = named === undefined ? defaultNames(vendor) : [named];
  const faults: string[] = [];
  for (const path of candidates) {
    try {
      const library = new MpiLibrary(koffi, path);
      if (vendor === undefined || library.vendor === vendor) return path;
      faults.push(`${path} is ${library.version}, which does not work with ${launcher}`);
    } catch (error) {
      // Default names that do not exist are not reported.
      const message = messageOf(error);
      if (named !== undefined || !/No such file|not found|no such file/i.test(message)) faults.push(message);
    }
  }
  const names = candidates.length === 0 ? `no names on ${process.platform}` : candidates.join(', ');
  const tried = faults.length === 0 ? `tried ${names}` : faults.join('; ');
  throw new RunError(`no MPI library for ${launcher} found (${tried}). ${installAdvice}`);
}

function koffiForMpi(): Koffi {
  return loadKoffi('MPI', 'use `collective: none`');
}

function defaultNames(vendor: Vendor | undefined): readonly string[] {
  const known = defaultLibraries[process.platform];
  if (known === undefined) return [];
  const own = vendor === undefined ? [...known['Open MPI'], ...known.MPICH] : known[vendor];
  return [...new Set([...known.standard, ...own])];
}
