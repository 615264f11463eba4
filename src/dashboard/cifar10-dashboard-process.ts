/** The process that serves the page beside a training run. It ends when the process that started it disconnects or ends. */
import { setPriority } from 'node:os';
import { causeOf, errorCode, messageOf } from '../errors.ts';
import type { BesideMessage, BesideOptions } from './beside.ts';
import { type Dashboard, serveDashboard } from './dashboard.ts';
import { lowPriority } from './defaults.ts';

/** How many ports are tried, from the given one on, before any free one is used. */
const triedPorts = 10;

process.once('message', (options: BesideOptions) => {
  void start(options).then(
    (dashboard) => {
      process.once('disconnect', () => void dashboard.close());
      send({ link: dashboard.link });
      if (!process.connected) void dashboard.close();
    },
    (error: unknown) => {
      send({ error: messageOf(error) });
      process.disconnect();
    },
  );
});

async function start({ logdir, host, port }: BesideOptions): Promise<Dashboard> {
  try {
    setPriority(lowPriority);
  } catch {
    // Some systems do not allow it. The page then competes with the training.
  }
  for (let offset = 0; ; offset++) {
    const tried = offset < triedPorts ? port + offset : 0;
    try {
      return await serveDashboard({ logdir, host, port: tried });
    } catch (error) {
      if (errorCode(causeOf(error)) !== 'EADDRINUSE' || tried === 0) throw error;
    }
  }
}

function send(message: BesideMessage): void {
  if (process.connected) process.send?.(message);
}
