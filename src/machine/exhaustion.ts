/**
 * Describes exhausted resources: turns errors of Node.js, C libraries and V8 about files, threads or memory into messages
 * that say what ran out, what the limit is, and what to do.
 */
import { errorCode, messageOf } from '../errors.ts';
import { byteSize, counted } from '../wording.ts';
import type { ReadText } from './control-groups.ts';
import { readText } from './control-groups.ts';
import { groupThreadLimit, memoryRoom, softLimit } from './limits.ts';

export type Resource = 'files' | 'files of the machine' | 'threads' | 'memory';

/** Error codes (as whole words) and phrases of C libraries, each with the resource that it refers to. */
const signs: readonly (readonly [RegExp, Resource])[] = [
  [/\bENFILE\b|too many open files in system/i, 'files of the machine'],
  [/\bEMFILE\b|too many open files/i, 'files'],
  [/\bEAGAIN\b|thread constructor failed|pthread_create|cannot create thread/i, 'threads'],
  [
    /\bENOMEM\b|ERR_WORKER_OUT_OF_MEMORY|ERR_MEMORY_ALLOCATION_FAILED|std::bad_alloc|out of memory|cannot allocate memory|failed to allocate memory|array buffer allocation failed|failed to map segment|cannot enable executable stack/i,
    'memory',
  ],
];

/** Returns the resource that ran out according to the error, or undefined if the error has another cause. */
export function exhaustedResource(error: unknown): Resource | undefined {
  const text = `${errorCode(error) ?? ''} ${messageOf(error)}`;
  // EAGAIN on a read or write is not about threads: it means that a file or pipe is not ready.
  if (/EAGAIN: .*, (read|write)/.test(text)) return undefined;
  return signs.find(([sign]) => sign.test(text))?.[1];
}

/** How the messages of this file begin. */
const [noFiles, noThreads, noMemory] = [
  'out of file descriptors',
  'no more threads can be started',
  'out of memory',
];
const isDescribed = new RegExp(`(${[noFiles, noThreads, noMemory].join('|')}): `);

/** Returns the message for an error caused by an exhausted resource: what ran out, the limit, and what to do. Returns
 * undefined for any other error. If the error already has a message from this file, the message is returned unchanged. */
export function describeExhaustion(error: unknown, options: Situation = {}): string | undefined {
  if (isDescribed.test(messageOf(error))) return messageOf(error);
  const resource = exhaustedResource(error);
  return resource && describeResource(resource, options);
}

/** What a message depends on besides the error. */
export interface Situation {
  /** Whether the user can choose a smaller batch. Default: true. */
  readonly hasBatches?: boolean;
  readonly read?: ReadText;
}

/** Describes what ran out and its limit, then gives advice. The text does not end with a period. */
export function describeResource(
  resource: Resource,
  { hasBatches = true, read = readText }: Situation = {},
): string {
  switch (resource) {
    case 'files':
      return `${noFiles}: this process may have ${softLimit('files', read)} open files (ulimit -n). Raise the limit: ulimit -n 1024`;
    case 'files of the machine':
      return `${noFiles}: the machine's limit on open files is reached (sysctl fs.file-max). Close other programs`;
    case 'threads':
      return `${noThreads}: ${threadLimit(read)}. Raise the limit, or end other programs`;
    case 'memory':
      return `${noMemory}: ${memoryLimit(read)}. ${hasBatches ? 'Use a smaller `batchSize`, or raise' : 'Raise'} the limit`;
  }
}

function threadLimit(read: ReadText): string {
  const [user, group] = [softLimit('threads', read), groupThreadLimit(read)];
  if (group < user)
    return `the control group (container) allows ${counted(group, 'process', 'processes')} and threads`;
  return `this user may run ${user} processes and threads (ulimit -u)`;
}

/** Describes the free memory and its limit, such as `483 MB free of 4.3 GB that ulimit -v allows`. */
export function memoryLimit(read: ReadText = readText): string {
  const { free, limitedBy, limit } = memoryRoom(read);
  const left = Number.isFinite(free) ? `${byteSize(Math.max(0, free))} free of ` : '';
  if (!Number.isFinite(limit)) return 'the machine has no more memory';
  if (limitedBy === 'machine') return `${left}${byteSize(limit)} of this machine`;
  const by = limitedBy === 'control group' ? 'the control group (container) allows' : 'ulimit -v allows';
  return `${left}${byteSize(limit)} that ${by}`;
}
