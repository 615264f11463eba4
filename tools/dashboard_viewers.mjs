// @ts-check
/**
 * Opens many viewers of a dashboard for some seconds, and prints how many changes they received:
 *
 *     node tools/dashboard_viewers.mjs http://127.0.0.1:6007/ 1000 60
 *
 * Each viewer fetches the list of runs once, and then follows the changes. The command ends by itself.
 */
import { Agent, get } from 'node:http';

const [link = 'http://127.0.0.1:6007/', count = '1000', seconds = '60'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
let [open, messages, bytes, failed] = [0, 0, 0, 0];

/** @param {string} path @param {(response: import('node:http').IncomingMessage) => void} use */
function request(path, use) {
  get(new URL(path, link), { agent }, use).on('error', () => {
    failed++;
  });
}

for (let index = 0; index < Number(count); index++) {
  request('data/runs.json', (response) => {
    response.resume();
    response.on('end', () => {
      request('data/changes', (stream) => {
        if (stream.statusCode === 200) open++;
        stream.on('data', (/** @type {Buffer} */ piece) => {
          bytes += piece.length;
          if (piece.includes('data: ')) messages++;
        });
        stream.on('error', () => undefined);
      });
    });
  });
}
setTimeout(() => {
  console.log(JSON.stringify({ viewers: Number(count), open, failed, messages, bytes }));
  process.exit();
}, Number(seconds) * 1000);
