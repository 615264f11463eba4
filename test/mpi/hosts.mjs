// @ts-check
/**
 * Two hosts on one machine: network namespaces that a pair of virtual Ethernet devices connects, each with a host name, a
 * `/dev/shm`, IPC and a `/sys` of its own, so that MPI libraries take them for two machines.
 *
 *     host-a 10.99.0.1 ── link0 ═══ link0 ── 10.99.0.2 host-b
 *
 * Everything is in a user namespace, in which an ordinary user may do this, and in a process namespace: when its first process
 * ends, the kernel ends all others and removes namespaces, devices and mounts.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const marker = 'CIFAR10_INSIDE';
const addresses = { 'host-a': '10.99.0.1', 'host-b': '10.99.0.2' };
/** The network of the hosts, for Open MPI. */
export const network = '10.99.0.0/24';
/** @typedef {keyof typeof addresses} HostName */

/** Flags of `unshare`: as an ordinary user, and as root where users may not create user namespaces. */
const ways = [['--user', '--map-root-user'], []].map((user) => [
  ...user,
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
]);

/** Whether this process is in the namespaces. */
export const isInside = process.env[marker] !== undefined;

/** Returns the flags with which `unshare` works here, or the reason why it does not. */
export function findWay() {
  for (const program of ['unshare', 'nsenter', 'ip'])
    if (
      spawnSync(program, ['--version']).error !== undefined &&
      spawnSync(program, ['-V']).error !== undefined
    )
      return { missing: `${program} is not installed (Debian: apt install util-linux iproute2)` };
  const test = 'ip link add test0 type veth peer name test1 && mount -t sysfs sysfs /sys';
  let missing = '';
  for (const way of ways) {
    const { status, stderr } = spawnSync('unshare', [...way, 'sh', '-c', test], { encoding: 'utf8' });
    if (status === 0) return { way };
    missing ||= `unshare ${way.join(' ')}: ${stderr.trim()}`;
  }
  return { missing: `this user cannot create network namespaces: ${missing}` };
}

/** Runs this script again, in the namespaces. If this process gets a stop signal, everything inside is killed.
 * @param {readonly string[]} way
 * @param {Readonly<Record<string, string>>} environment
 * @returns {Promise<number>} the exit code */
export function runInside(way, environment) {
  const child = spawn('unshare', [...way, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, ...environment, [marker]: '1' },
    stdio: 'inherit',
  });
  const stop = () => void child.kill('SIGKILL');
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, stop);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

export class TwoHosts {
  #folder;
  /** @type {Map<HostName, number>} */
  #holders = new Map();

  /** @param {string} folder for the files of the hosts */
  constructor(folder) {
    this.#folder = folder;
    const names = Object.entries(addresses).map(([name, address]) => `${address} ${name}\n`);
    writeFileSync(join(folder, 'hosts'), ['127.0.0.1 localhost\n', ...names].join(''));
    const hosts = /** @type {readonly HostName[]} */ (Object.keys(addresses));
    for (const name of hosts) this.#holders.set(name, this.#open(name));
    const [a, b] = [this.#holder('host-a'), this.#holder('host-b')];
    execFileSync('ip', `link add link0 netns ${a} type veth peer name link0 netns ${b}`.split(' '));
    for (const name of hosts) {
      this.#ip(name, `addr add ${addresses[name]}/24 dev link0`);
      this.#ip(name, 'link set lo up');
      this.#ip(name, 'link set link0 up');
    }
    writeFileSync(this.shell, this.#script());
    chmodSync(this.shell, 0o755);
  }

  /** A program that is called like ssh: `shell [FLAGS] HOST COMMAND…`. */
  get shell() {
    return join(this.#folder, 'shell');
  }

  /** @param {boolean} isUp */
  setLink(isUp) {
    this.#ip('host-b', `link set link0 ${isUp ? 'up' : 'down'}`);
  }

  /** The number of bytes that host-a has received from host-b. */
  get bytes() {
    const text = execFileSync(this.shell, ['host-a', 'cat', '/sys/class/net/link0/statistics/rx_bytes']);
    return Number(text);
  }

  /** Starts a process that keeps the namespaces of a host alive. @param {HostName} name */
  #open(name) {
    const setUp = [
      `hostname ${name}`,
      'mount -t tmpfs tmpfs /dev/shm',
      `mount --bind ${join(this.#folder, 'hosts')} /etc/hosts`,
      // UCX, the network library of MPICH, reads the network devices there.
      'mount -t sysfs sysfs /sys',
      'echo ready',
      'exec sleep infinity',
    ].join(' && ');
    const ready = join(this.#folder, `${name}.ready`);
    const child = spawn('unshare', [
      ...['--net', '--uts', '--ipc', '--mount'],
      ...['sh', '-c', `(${setUp}) > ${ready} 2>&1`],
    ]);
    if (child.pid === undefined) throw new Error(`${name}: unshare cannot be started`);
    const wait = `for i in $(seq 100); do grep -q ready ${ready} 2> /dev/null && exit; sleep 0.05; done; cat ${ready}; exit 1`;
    execFileSync('sh', ['-c', wait], { stdio: 'inherit' });
    return child.pid;
  }

  /** @param {HostName} name */
  #holder(name) {
    const pid = this.#holders.get(name);
    if (pid === undefined) throw new Error(`no host ${name}`);
    return pid;
  }

  /** @param {HostName} name @param {string} words */
  #ip(name, words) {
    execFileSync('nsenter', ['--target', `${this.#holder(name)}`, '--net', 'ip', ...words.split(' ')]);
  }

  #script() {
    const cases = [...this.#holders].map(([name, pid]) => `  ${name}) pid=${pid} ;;`);
    return [
      '#!/bin/sh',
      '# ssh between the hosts: shell [FLAGS] HOST COMMAND…',
      'while case "$1" in -*) true ;; *) false ;; esac; do shift; done',
      'case "$1" in',
      ...cases,
      '  *) echo "no host $1" >&2; exit 255 ;;',
      'esac',
      'shift',
      'exec nsenter --target "$pid" --net --uts --ipc --mount sh -c "$*"',
      '',
    ].join('\n');
  }
}
