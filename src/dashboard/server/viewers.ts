/** The viewers that follow the changes (server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { ServerResponse } from 'node:http';
import type { Change } from '../wire.ts';

/** The most viewers, and the bytes that may wait for a slow one. A viewer that falls further behind is dropped; its browser connects
 * again and fetches what it shows. */
const [mostViewers, mostWaiting] = [2000, 4 << 20];
/** How often a comment shows that the connection lives, in milliseconds. */
const beatMillis = 20_000;

export class Viewers {
  readonly #open = new Set<ServerResponse>();
  readonly #onFirst: () => void;
  readonly #beat: NodeJS.Timeout;

  /** @param onFirst called when the first viewer connects */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    this.#beat = setInterval(() => this.#write(Buffer.from(':\n\n')), beatMillis).unref();
  }

  get count(): number {
    return this.#open.size;
  }

  add(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    if (this.#open.size >= mostViewers) {
      response.writeHead(503, { ...headers, 'Retry-After': '30', 'Content-Type': 'text/plain' });
      response.end('Too many viewers.\n');
      return;
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write('retry: 3000\n\n');
    this.#open.add(response);
    const leave = () => void this.#open.delete(response);
    response.on('close', leave).on('error', leave);
    if (this.#open.size === 1) this.#onFirst();
  }

  /** Sends a change to all viewers. It is encoded once. */
  send(change: Change): void {
    this.#write(Buffer.from(`data: ${JSON.stringify(change)}\n\n`));
  }

  /** Disconnects all viewers. Their browsers connect again. */
  drop(): void {
    for (const response of this.#open) response.destroy();
    this.#open.clear();
  }

  close(): void {
    clearInterval(this.#beat);
    this.drop();
  }

  #write(bytes: Buffer): void {
    for (const response of this.#open) {
      if (response.writableLength > mostWaiting) response.destroy();
      else response.write(bytes);
    }
  }
}
