/**
 * Notices that another host of an MPI job cannot be reached any more. MPI waits for such a host for a quarter of an hour or longer,
 * because it leaves that to TCP, which retransmits that long. So every process keeps a connection of its own to the first process.
 * Nothing is sent over it: the kernels test it (TCP keepalive), and answer for a process that saves, computes or is suspended. Only
 * a host that is down, or a network that is interrupted for a whole minute, ends the job.
 */
import { hostname } from 'node:os';
import { messageOf, RunError } from '../../errors.ts';
import { counted } from '../../wording.ts';
import { connect, decodeEndpoint, encodeEndpoint, endpointBytes, type Link, Listener } from './endpoint.ts';

/** The environment variable with the limit in seconds, of which that of the first process counts. */
export const limitVariable = 'CIFAR10_MPI_TIMEOUT';
const defaultSeconds = 60;
/** When nothing has been heard for the limit without these seconds, libuv lets the kernel ask ten times, once per second. */
const probeSeconds = 10;
const [leastSeconds, mostSeconds] = [15, 86_400];

/** What a watch needs of the job. The others must make the same calls. */
export interface WatchedJob {
  readonly rank: number;
  readonly size: number;
  broadcast(bytes: Uint8Array, root: number): Promise<Uint8Array>;
  gather(value: number): Promise<readonly number[]>;
}

/** Returns the limit in seconds; 0 means that nothing is watched.
 * @throws RunError when the environment variable is not a suitable number */
export function limitFrom(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment[limitVariable] || undefined; // an empty value means unset
  const seconds = given === undefined ? defaultSeconds : Number(given);
  const isUsable = Number.isInteger(seconds) && seconds >= leastSeconds && seconds <= mostSeconds;
  if (seconds === 0 || isUsable) return seconds;
  throw new RunError(
    `${limitVariable} is ${JSON.stringify(given)}, but must be a whole number of seconds from ${leastSeconds} to ` +
      `${mostSeconds}, or 0 to wait for other hosts without a limit`,
  );
}

export class LinkWatch {
  readonly #lost = new AbortController();
  #links: readonly Link[] = [];
  readonly #launcherMillis: number;
  #isEnding = false;
  /** The ranks of the processes that could not connect to the first one. Other processes know only of themselves. */
  readonly unwatched: readonly number[];

  private constructor(unwatched: readonly number[], launcherMillis: number) {
    this.unwatched = unwatched;
    this.#launcherMillis = launcherMillis;
  }

  /** Connects the processes. All of them call this at the same time.
   * @param seconds the limit, of which that of the first process counts
   * @param launcherMillis how long the launcher may take to end the job after a process has ended */
  static async open(job: WatchedJob, seconds: number, launcherMillis: number = 10_000): Promise<LinkWatch> {
    const [limit = 0] = await job.gather(seconds);
    if (limit === 0 || job.size === 1) return new LinkWatch([], launcherMillis);
    const listener = job.rank === 0 ? await Listener.open().catch(() => undefined) : undefined;
    const own = listener === undefined ? new Uint8Array(endpointBytes) : encodeEndpoint(listener.endpoint);
    const sent = await job.broadcast(own, 0);
    const isOpen = sent.some((byte) => byte !== 0);
    const link = job.rank === 0 || !isOpen ? undefined : await connect(decodeEndpoint(sent), job.rank);
    const connected = await job.gather(link === undefined ? 0 : 1);
    const unwatched = connected.flatMap((is, rank) => (is === 1 || rank === 0 ? [] : [rank]));
    const watch = new LinkWatch(unwatched, launcherMillis);
    const links = listener === undefined ? [link] : await listener.close(job.size - 1 - unwatched.length);
    watch.#watch(
      links.flatMap((one) => one ?? []),
      limit,
    );
    return watch;
  }

  /** Aborted when another process cannot be reached. The reason is a RunError. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Announces that processes end. From now on, a connection that another process closes is not an error. */
  beginEnd(): void {
    this.#isEnding = true;
  }

  /** Closes the connections. */
  close(): void {
    this.#isEnding = true;
    for (const { socket } of this.#links) socket.destroy();
  }

  #watch(links: readonly Link[], seconds: number): void {
    this.#links = links;
    for (const { rank, host, socket } of links) {
      const who = `rank ${rank} on ${host}`;
      let failure: unknown;
      socket.setKeepAlive(true, (seconds - probeSeconds) * 1000).unref();
      socket.on('error', (error) => {
        failure = error;
      });
      socket.once('close', () => {
        if (isReset(failure)) this.#processEnded(who);
        else this.#hostLost(who, host, seconds, messageOf(failure));
      });
      // The other process may have ended before.
      if (socket.destroyed) this.#processEnded(who);
    }
  }

  /** The launcher usually ends the job when a process has ended. */
  #processEnded(who: string): void {
    if (this.#isEnding) return;
    setTimeout(() => {
      if (!this.#isEnding) this.#lose(`${who} has ended, but the launcher has not ended the job`);
    }, this.#launcherMillis).unref();
  }

  #hostLost(who: string, host: string, seconds: number, why: string): void {
    this.#lose(
      `no answer from ${who} for ${counted(seconds, 'second')} (${why}): the host is down, or the network between ${hostname()} ` +
        `and ${host} is interrupted`,
    );
  }

  #lose(message: string): void {
    this.#lost.abort(new RunError(message));
  }
}

/** Whether a connection was closed by the other process or its kernel, and not because the other host does not answer.
 * @param failure undefined if the connection was closed without an error */
function isReset(failure: unknown): boolean {
  return failure === undefined || /\b(ECONNRESET|EPIPE)\b/.test(messageOf(failure));
}
