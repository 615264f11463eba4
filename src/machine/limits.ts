/** The limits of this process: those of its user (`ulimit`), of its control groups and of the machine. */
import { freemem } from 'node:os';
import { join } from 'node:path/posix';
import { type Controller, controlGroups, type ReadText, readText } from './control-groups.ts';

/** The names of rows in `/proc/self/limits` and of fields in Node's diagnostic report. */
const limitRows = {
  files: ['Max open files', 'open_files'],
  threads: ['Max processes', 'max_user_processes'],
  addressSpace: ['Max address space', 'virtual_memory_bytes'],
} as const;

/** The part of Node's diagnostic report that contains the limits of the process. */
export interface ReportedLimits {
  readonly userLimits?: Readonly<Record<string, { readonly soft: number | string }>>;
}

/** Returns the soft limit of this process as a count or in bytes, or infinity if it is unlimited or unknown. */
export function softLimit(
  what: keyof typeof limitRows,
  read: ReadText = readText,
  report: () => ReportedLimits = nodeReport,
): number {
  const [row, name] = limitRows[what];
  const text = read('/proc/self/limits');
  // The text is undefined on systems other than Linux, and if no file descriptor is left to read the file with.
  const found =
    text === undefined
      ? report().userLimits?.[name]?.soft
      : new RegExp(`^${row}\\s+(\\S+)`, 'm').exec(text)?.[1];
  const limit = Number(found ?? Number.NaN);
  return Number.isFinite(limit) ? limit : Number.POSITIVE_INFINITY;
}

function nodeReport(): ReportedLimits {
  return process.report.getReport() as ReportedLimits;
}

/** Returns the number of threads and processes that the control groups of this process allow: the minimum over all groups. */
export function groupThreadLimit(read: ReadText = readText): number {
  return Math.min(...groupNumbers('pids', 'pids.max', 'pids.max', read).map(({ number }) => number));
}

/** The free memory in bytes, and the limit that applies. */
export interface MemoryRoom {
  /** The bytes that this process can still allocate, including file caches that can be reclaimed. */
  readonly free: number;
  readonly limitedBy: 'machine' | 'control group' | 'address space';
  /** The total number of bytes that the limit allows. */
  readonly limit: number;
}

/** Returns the memory that this process can still allocate: the minimum over the machine, its control groups and the
 * limit of its address space. */
export function memoryRoom(read: ReadText = readText): MemoryRoom {
  const rooms = [machineRoom(read), ...groupRooms(read), addressRoom(read)];
  return rooms.reduce((least, room) => (room.free < least.free ? room : least));
}

function machineRoom(read: ReadText): MemoryRoom {
  const text = read('/proc/meminfo') ?? '';
  const bytes = (row: string) => Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const [available, total, swap] = [bytes('MemAvailable'), bytes('MemTotal'), bytes('SwapFree') || 0];
  // On other systems freemem() excludes memory that the system could reclaim, so a low value does not mean that
  // an allocation would fail.
  if (Number.isNaN(available + total)) {
    return { free: Number.POSITIVE_INFINITY, limitedBy: 'machine', limit: freemem() };
  }
  return { free: available + swap, limitedBy: 'machine', limit: total };
}

function groupRooms(read: ReadText): readonly MemoryRoom[] {
  const limits = groupNumbers('memory', 'memory.limit_in_bytes', 'memory.max', read);
  return limits.map(({ folder, version, number: limit }) => {
    const used = Number(read(join(folder, version === 1 ? 'memory.usage_in_bytes' : 'memory.current')) ?? 0);
    return { free: limit - used + fileCache(folder, version, read), limitedBy: 'control group', limit };
  });
}

/** Returns the number of bytes of cached files. These bytes count as used, but can be reclaimed. */
function fileCache(folder: string, version: 1 | 2, read: ReadText): number {
  const text = read(join(folder, 'memory.stat')) ?? '';
  const rows = ['active_file', 'inactive_file'].map((row) => (version === 1 ? `total_${row}` : row));
  return rows.reduce((sum, row) => sum + Number(new RegExp(`^${row} (\\d+)`, 'm').exec(text)?.[1] ?? 0), 0);
}

/** Returns the free address space. `ulimit -v` limits the addresses, whether or not memory is allocated for them. */
function addressRoom(read: ReadText): MemoryRoom {
  const limit = softLimit('addressSpace', read);
  const used = Number(/^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '')?.[1] ?? 0) * 1024;
  return { free: limit - used, limitedBy: 'address space', limit };
}

/** Returns the limits of this process's groups, from the file named `v1` or `v2` in each group. Groups without a limit are
 * omitted. */
function groupNumbers(controller: Controller, v1: string, v2: string, read: ReadText) {
  return controlGroups(controller, read).flatMap(({ version, folder }) => {
    const text = read(join(folder, version === 1 ? v1 : v2)) ?? 'max';
    const number = Number(text.trim() === '' ? 'max' : text);
    // Version 1 expresses "no limit" as a number near 2^63.
    return Number.isFinite(number) && number < 2 ** 62 ? [{ version, folder, number }] : [];
  });
}
