/**
 * What ran out, when the machine refuses a file, a thread or memory: one place turns such errors, of Node.js, of C libraries
 * and of V8, into a message that says what ran out, what the limit is and what to do.
 */
import { errorCode, messageOf } from '../errors.ts';
import { byteSize, counted } from '../wording.ts';
import type { ReadText } from './control-groups.ts';
import { readText } from './control-groups.ts';
import { groupThreadLimit, memoryRoom, softLimit } from './limits.ts';

export type Resource = 'files' | 'files of the machine' | 'threads' | 'memory';

/** Error codes, whole words, and phrases of C libraries, with what has run out. */
const signs: readonly (readonly [RegExp, Resource])[] = [
  [/\bENFILE\b|too many open files in system/i, 'files of the machine'],
  [/\bEMFILE\b|too many open files/i, 'files'],
  [/\bEAGAIN\b|thread constructor failed|pthread_create|cannot create thread/i, 'threads'],
  [
    /\bENOMEM\b|ERR_WORKER_OUT_OF_MEMORY|ERR_MEMORY_ALLOCATION_FAILED|std::bad_alloc|out of memory|cannot allocate memory|failed to allocate memory|array buffer allocation failed|failed to map segment|cannot enable executable stack/i,
    'memory',
  ],
];

/** Which resource an error says has run out, undefined where it says something else. */
export function exhaustedResource(error: unknown): Resource | undefined {
  const text = `${errorCode(error) ?? ''} ${messageOf(error)}`;
  // A file or pipe that is not ready.
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

/** The message for an error that says that something ran out: what, the limit, and what to do; the message that the error
 * has if it says all that already. Undefined for other errors. */
export function describeExhaustion(error: unknown, read: ReadText = readText): string | undefined {
  if (isDescribed.test(messageOf(error))) return messageOf(error);
  const resource = exhaustedResource(error);
  return resource && describeResource(resource, read);
}

/** Sentences without a full stop at the end: cause, limit; then what to do. */
export function describeResource(resource: Resource, read: ReadText = readText): string {
  switch (resource) {
    case 'files':
      return `${noFiles}: this process may have ${softLimit('files', read)} open files (ulimit -n). Raise the limit: ulimit -n 1024`;
    case 'files of the machine':
      return `${noFiles}: the whole machine has as many open files as it allows (sysctl fs.file-max). Close other programs`;
    case 'threads':
      return `${noThreads}: ${threadLimit(read)}. Raise the limit, or use fewer \`readers\``;
    case 'memory':
      return `${noMemory}: ${memoryLimit(read)}. Use a smaller \`batchSize\` or fewer \`readers\`, or raise the limit`;
  }
}

function threadLimit(read: ReadText): string {
  const [user, group] = [softLimit('threads', read), groupThreadLimit(read)];
  if (group < user)
    return `the control group (container) allows ${counted(group, 'process', 'processes')} and threads`;
  return `this user may run ${user} processes and threads (ulimit -u)`;
}

/** `483 MB free of 4.3 GB that ulimit -v allows`. */
export function memoryLimit(read: ReadText = readText): string {
  const { free, limitedBy, limit } = memoryRoom(read);
  const left = Number.isFinite(free) ? `${byteSize(Math.max(0, free))} free of ` : '';
  if (!Number.isFinite(limit)) return 'the machine has no more';
  if (limitedBy === 'machine') return `${left}${byteSize(limit)} of this machine`;
  const by = limitedBy === 'control group' ? 'the control group (container) allows' : 'ulimit -v allows';
  return `${left}${byteSize(limit)} that ${by}`;
}
