/** Finds and opens the oneDNN library. */
import { messageOf, RunError } from '../../../errors.ts';
import { describeExhaustion } from '../../../machine/exhaustion.ts';
import {
  type CFunction,
  type Koffi,
  type LibraryHandle,
  loadKoffi,
  pinLibrary,
} from '../../../native/koffi.ts';

export interface Library {
  /** The name or path with which the library was opened. */
  readonly path: string;
  readonly major: number;
  /** The version, such as `3.7.2`. */
  readonly version: string;
  /** Looks up a C function.
   * @throws RunError when the library does not have it */
  readonly function: (name: string, result: string, args: readonly string[]) => CFunction;
  /** The address of the memory of a typed array. */
  readonly addressOf: (memory: ArrayBufferView) => bigint;
  /** The text at an address. */
  readonly text: (pointer: bigint) => string;
  /** Whether the process can start `count` more native threads. */
  readonly hasRoomForThreads: (count: number) => boolean;
}

/** The environment variable that names the library. */
export const libraryVariable = 'CIFAR10_ONEDNN';

/** The library names to try: those of Debian 12 and 13, of other 3.x installations, of macOS and of Windows. */
const defaultNames: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libdnnl.so.3', 'libdnnl.so.3.6', 'libdnnl.so.2', 'libdnnl.so'],
  darwin: ['libdnnl.3.dylib', '/opt/homebrew/lib/libdnnl.dylib', '/usr/local/lib/libdnnl.dylib'],
  win32: ['dnnl.dll'],
};

/** The folders of the library and its file names in installations of conda and of Intel's oneAPI, which the system does not search. */
const [condaFolder, oneApiFolder] = ['CONDA_PREFIX', 'DNNLROOT'];
const filesBelow: Readonly<Partial<Record<NodeJS.Platform, Readonly<Record<string, readonly string[]>>>>> = {
  linux: { [condaFolder]: ['lib/libdnnl.so.3'], [oneApiFolder]: ['lib/libdnnl.so.3'] },
  darwin: { [condaFolder]: ['lib/libdnnl.3.dylib'], [oneApiFolder]: ['lib/libdnnl.3.dylib'] },
  win32: { [condaFolder]: ['Library/bin/dnnl.dll'], [oneApiFolder]: ['bin/dnnl.dll'] },
};

/** Returns the names to try, in this order. The folders are those that conda and oneAPI set in the environment. */
export function libraryNames(
  platform: NodeJS.Platform = process.platform,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  const below = Object.entries(filesBelow[platform] ?? {}).flatMap(([variable, files]) => {
    const folder = environment[variable];
    return folder ? files.map((file) => `${folder}/${file}`) : [];
  });
  return [...(defaultNames[platform] ?? []), ...below];
}

/** How to install the library. */
export const installAdvice: string =
  'Install oneDNN (Debian 12: apt install libdnnl2; Debian 13: libdnnl3.6; Homebrew and conda: onednn), or name the ' +
  `library file in ${libraryVariable}; \`engine: onnx\` works without it.`;

/** The runtime of builds for DPC++ (DNNL_RUNTIME_SYCL), which need a SYCL device for the CPU. */
const syclRuntime = 512;

const sleepMicroseconds = 2000n;

let opened: Library | undefined;

/** Opens the library that the environment variable names, or else the first default name that exists. Each JavaScript
 * thread opens the library only once.
 * @throws RunError with the names that were tried, their errors, and how to install the library */
export function openLibrary(): Library {
  opened ??= open();
  return opened;
}

function open(): Library {
  const koffi = loadKoffi('oneDNN', 'use `engine: onnx`');
  const named = process.env[libraryVariable] || undefined; // an empty value means unset
  const names = named === undefined ? libraryNames() : [named];
  const failures: string[] = [];
  for (const path of names) {
    try {
      pinLibrary(koffi, path);
      return describe(koffi, path, koffi.load(path));
    } catch (error) {
      const exhausted = describeExhaustion(error);
      if (exhausted !== undefined)
        throw new RunError(`${path} cannot be opened: ${exhausted}`, { cause: error });
      failures.push(error instanceof RunError ? error.message : `${path}: ${messageOf(error)}`);
    }
  }
  // Libraries that exist but cannot be used are reported. Default names that do not exist are not.
  const absent = (failure: string) =>
    named === undefined && /No such file|not found|could not be found/i.test(failure);
  const faults = failures.filter((failure) => !absent(failure));
  const tried = faults.length === 0 ? `tried ${names.join(', ')}` : faults.join('; ');
  throw new RunError(`oneDNN not found (${tried}). ${installAdvice}`);
}

function describe(koffi: Koffi, path: string, handle: LibraryHandle): Library {
  const find: Library['function'] = (name, result, args) => {
    try {
      return handle.func(name, result, args);
    } catch {
      throw new RunError(`${path} has no function ${name}: it is not oneDNN 2.6 or later`);
    }
  };
  // dnnl_version_t: int major, minor, patch; const char *hash; unsigned cpu_runtime, gpu_runtime
  const pointer = find('dnnl_version', 'void *', [])();
  const fields = new Int32Array(koffi.view(pointer, 32).slice(0));
  const [major = 0, minor = 0, patch = 0] = fields;
  const version = `${major}.${minor}.${patch}`;
  if (major < 2 || (major === 2 && minor < 6)) {
    throw new RunError(`${path} is oneDNN ${version}; 2.6 or later is required`);
  }
  if (fields[6] === syclRuntime)
    throw new RunError(`${path} is a oneDNN for SYCL (DPC++); one for OpenMP or TBB is required`);
  return {
    path,
    major,
    version,
    function: find,
    addressOf: (memory) => koffi.address(memory),
    text: (pointer) => koffi.decode.string(pointer),
    hasRoomForThreads: (count) => hasRoomForThreads(koffi, count),
  };
}

/** Starts `count` threads that sleep briefly, to find out whether that is possible. Reading the limits
 * is not enough, because those of the user, of the container and of memory all apply. */
function hasRoomForThreads(koffi: Koffi, count: number): boolean {
  if (process.platform !== 'linux') return true;
  const libc = koffi.load(null);
  const sleep = libc.func('dlsym', 'void *', ['void *', 'const char *'])(null, 'usleep');
  const start = libc.func('pthread_create', 'int', ['void *', 'void *', 'void *', 'void *']);
  const join = libc.func('pthread_join', 'int', ['uint64_t', 'void *']);
  const started: bigint[] = [];
  const thread = new BigUint64Array(1);
  while (started.length < count && start(thread, null, sleep, sleepMicroseconds) === 0)
    started.push(thread[0] ?? 0n);
  for (const id of started) join(id, null);
  return started.length === count;
}
