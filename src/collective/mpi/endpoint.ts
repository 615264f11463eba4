/**
 * How the processes of an MPI job connect to each other over TCP: the first process listens at a port of its own, and the others
 * connect to it.
 *
 *     first process                                         another process
 *     listens at all its addresses; sends them by MPI ───►  connects to all of them at the same time
 *                                                  ◄──────  the token
 *     the reply token                              ──────►  keeps the first connection that answers, closes the others
 *                                                  ◄──────  its rank and the name of its host
 *
 * Only processes of the job know the tokens. A host may have addresses that lead to another machine from elsewhere, such as those
 * of container networks, so the first process must answer too. When all processes are connected, the port is closed.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { json, listOf, type Reader, record, text, wholeNumber } from '../../readers.ts';
import { oneLine, shortened } from '../../wording.ts';

/** The addresses, port and tokens of the first process. */
export interface Endpoint {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly token: string;
  readonly replyToken: string;
}

/** A connection to another process. */
export interface Link {
  readonly rank: number;
  /** The name of its host, safe to print. */
  readonly host: string;
  readonly socket: Socket;
}

const endpointReader: Reader<Endpoint> = record<Endpoint>({
  host: text,
  addresses: listOf(text),
  port: wholeNumber(0),
  token: text,
  replyToken: text,
});

/** The size of an encoded endpoint, which is the same for every process. */
export const endpointBytes = 8192;
const mostAddresses = 64;

export function encodeEndpoint(endpoint: Endpoint): Uint8Array {
  const bytes = new Uint8Array(endpointBytes).fill(0x20);
  bytes.set(new TextEncoder().encode(JSON.stringify(endpoint)));
  return bytes;
}

export function decodeEndpoint(bytes: Uint8Array): Endpoint {
  return json(endpointReader)(new TextDecoder().decode(bytes).trim(), 'the address of the first process');
}

/** How long a process waits for another one to connect or to answer. */
const connectMillis = 10_000;
/** The longest line that a process reads. */
const mostCharacters = 400;

/** Accepts the connections of the other processes in the first one. */
export class Listener {
  readonly #server: Server;
  readonly #links = new Map<number, Link>();
  readonly #pending = new Set<Socket>();
  readonly #token = randomBytes(16).toString('hex');
  readonly #replyToken = randomBytes(16).toString('hex');
  #onLink = () => {};

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#handshake(socket)).on('error', () => undefined);
  }

  /** Opens a port that the system chooses.
   * @throws the error of the system, if it cannot be opened */
  static async open(): Promise<Listener> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, resolve);
    });
    return new Listener(server);
  }

  get endpoint(): Endpoint {
    const address = this.#server.address();
    return {
      host: hostname(),
      addresses: ownAddresses(),
      port: typeof address === 'object' && address !== null ? address.port : 0,
      token: this.#token,
      replyToken: this.#replyToken,
    };
  }

  /** Returns the connections when there are `count`, or after ten seconds, and closes the port. */
  async close(count: number): Promise<readonly Link[]> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, connectMillis);
      this.#onLink = () => {
        if (this.#links.size < count) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onLink();
    });
    this.#server.close();
    for (const socket of this.#pending) socket.destroy();
    return [...this.#links.values()];
  }

  async #handshake(socket: Socket): Promise<void> {
    this.#pending.add(socket);
    try {
      const next = linesOf(socket);
      if ((await next()) !== this.#token) throw new Error('not a process of this job');
      socket.write(`${this.#replyToken}\n`);
      const [, rank = '', host = ''] = /^(\d{1,9}) (.*)$/.exec(await next()) ?? [];
      if (rank === '' || this.#links.has(Number(rank))) throw new Error('not the rank of a process');
      this.#pending.delete(socket);
      this.#links.set(Number(rank), { rank: Number(rank), host: oneLine(shortened(host)), socket });
      this.#onLink();
    } catch {
      this.#pending.delete(socket);
      socket.destroy();
    }
  }
}

/** Connects to the first process. Returns undefined if it cannot be reached within ten seconds.
 * @param rank the number of this process */
export async function connect(endpoint: Endpoint, rank: number): Promise<Link | undefined> {
  const { host, addresses, port, token, replyToken } = endpoint;
  const sockets = addresses.map((address) => connectSocket({ host: address, port }));
  const answers = sockets.map(async (socket) => {
    const next = linesOf(socket);
    socket.once('connect', () => socket.write(`${token}\n`));
    if ((await next()) !== replyToken) throw new Error('another program');
    return socket;
  });
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, connectMillis);
  const socket = await Promise.any(answers).catch(() => undefined);
  clearTimeout(timer);
  for (const other of sockets) if (other !== socket) other.destroy();
  socket?.write(`${rank} ${hostname()}\n`);
  return socket && { rank: 0, host: oneLine(shortened(host)), socket };
}

/** The addresses of this host: those that other hosts may reach, and then the internal ones. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((found = []) => found);
  const usable = all.filter(({ address }) => !address.startsWith('fe80:'));
  return [...usable.filter(({ internal }) => !internal), ...usable.filter(({ internal }) => internal)]
    .map(({ address }) => address)
    .slice(0, mostAddresses);
}

/** Returns a function that waits for the next line that a connection sends. It throws when the line is too long, or when the
 * connection is closed. */
function linesOf(socket: Socket): () => Promise<string> {
  let [text, isClosed] = ['', false];
  let wake = () => {};
  socket
    .setEncoding('utf8')
    .on('error', () => undefined)
    .on('data', (part: string) => {
      text = (text + part).slice(0, mostCharacters);
      wake();
    })
    .on('close', () => {
      isClosed = true;
      wake();
    });
  return async () => {
    for (;;) {
      const [line = '', ...rest] = text.split('\n');
      if (rest.length > 0) {
        text = rest.join('\n');
        return line;
      }
      if (isClosed || text.length === mostCharacters) throw new Error('no line');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}
