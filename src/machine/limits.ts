/** The limits within which this process runs: those of its user (`ulimit`), of its control groups, and of the machine. */
import { freemem } from 'node:os';
import { join } from 'node:path/posix';
import { type Controller, controlGroups, type ReadText, readText } from './control-groups.ts';

/** Rows of `/proc/self/limits`, and the same in Node's diagnostic report. */
const limitRows = {
  files: ['Max open files', 'open_files'],
  threads: ['Max processes', 'max_user_processes'],
  addressSpace: ['Max address space', 'virtual_memory_bytes'],
} as const;

/** Limits in Node's diagnostic report. */
export interface ReportedLimits {
  readonly userLimits?: Readonly<Record<string, { readonly soft: number | string }>>;
}

/** The soft limit of this process, in units or bytes: infinite where there is none, or where it cannot be known. */
export function softLimit(
  what: keyof typeof limitRows,
  read: ReadText = readText,
  report: () => ReportedLimits = nodeReport,
): number {
  const [row, name] = limitRows[what];
  const text = read('/proc/self/limits');
  // Not Linux, or no file descriptor is left to read that file with.
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

/** The least number of threads and processes that a control group of this process allows. */
export function groupThreadLimit(read: ReadText = readText): number {
  return Math.min(...groupNumbers('pids', 'pids.max', 'pids.max', read).map(({ number }) => number));
}

/** Bytes of memory, and what sets the limit. */
export interface MemoryRoom {
  /** What this process can still take, file caches that make room included. */
  readonly free: number;
  /** Such as `12.0 GB are free`, or `the container's limit is 512 MB`. */
  readonly limitedBy: 'machine' | 'control group' | 'address space';
  /** All that the limit allows. */
  readonly limit: number;
}

/** The memory that this process can still take: the least of what the machine, its control groups and its limit on
 * addresses leave. */
export function memoryRoom(read: ReadText = readText): MemoryRoom {
  const rooms = [machineRoom(read), ...groupRooms(read), addressRoom(read)];
  return rooms.reduce((least, room) => (room.free < least.free ? room : least));
}

function machineRoom(read: ReadText): MemoryRoom {
  const text = read('/proc/meminfo') ?? '';
  const bytes = (row: string) => Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  const [available, total, swap] = [bytes('MemAvailable'), bytes('MemTotal'), bytes('SwapFree') || 0];
  // freemem() elsewhere leaves out what the system would give back: no ground to refuse anything.
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

/** Cached files count as used, and make room when memory is needed. */
function fileCache(folder: string, version: 1 | 2, read: ReadText): number {
  const text = read(join(folder, 'memory.stat')) ?? '';
  const rows = ['active_file', 'inactive_file'].map((row) => (version === 1 ? `total_${row}` : row));
  return rows.reduce((sum, row) => sum + Number(new RegExp(`^${row} (\\d+)`, 'm').exec(text)?.[1] ?? 0), 0);
}

/** `ulimit -v`: addresses count, whether memory is behind them or not. */
function addressRoom(read: ReadText): MemoryRoom {
  const limit = softLimit('addressSpace', read);
  const used = Number(/^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '')?.[1] ?? 0) * 1024;
  return { free: limit - used, limitedBy: 'address space', limit };
}

/** The limit that a file of every group of this process states; groups without a limit are left out. */
function groupNumbers(controller: Controller, v1: string, v2: string, read: ReadText) {
  return controlGroups(controller, read).flatMap(({ version, folder }) => {
    const text = read(join(folder, version === 1 ? v1 : v2)) ?? 'max';
    const number = Number(text.trim() === '' ? 'max' : text);
    // Version 1 has a number near 2^63 where there is no limit.
    return Number.isFinite(number) && number < 2 ** 62 ? [{ version, folder, number }] : [];
  });
}
