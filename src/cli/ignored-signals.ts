/**
 * Finds the signals that the process was started to ignore. Ignored signals are inherited, but Node resets them before any
 * of our code runs (`ResetSignalHandlers` in node.cc). They are therefore recognized by other signs:
 *
 * | started by | ignores | recognized by |
 * |---|---|---|
 * | `nohup` | SIGHUP | standard input opened for writing (coreutils), output to `nohup.out`, or bash's and zsh's `_` |
 * | a shell or program that ignores SIGHUP itself (`nohup ./script.sh`, `trap '' HUP`) | SIGHUP | the signals that the parent process ignores, which ours inherited |
 * | a script, in the background (`cifar10 train &`) | SIGINT | standard input from /dev/null, although the shell of the script has another input |
 *
 * This works on Linux only. On other systems no ignored signals are recognized.
 */
import { readFileSync, readlinkSync } from 'node:fs';

export interface StartSigns {
  /** Returns the target of a link, such as /proc/self/fd/0, or undefined if there is none, as for a closed descriptor. */
  readonly link: (path: string) => string | undefined;
  /** Returns the text of a file, or undefined if it cannot be read. */
  readonly text: (path: string) => string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parent: number;
}

const shells = ['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash', 'busybox'];

export function ignoredSignals(signs: StartSigns = signsOfThisProcess()): readonly NodeJS.Signals[] {
  return [
    ...(hasNohup(signs) || parentIgnoresHangup(signs) ? (['SIGHUP'] as const) : []),
    ...(isOfScript(signs) ? (['SIGINT'] as const) : []),
  ];
}

function hasNohup({ link, text, environment }: StartSigns): boolean {
  const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(text('/proc/self/fdinfo/0') ?? '') ?? [];
  const accessMode = Number.parseInt(flags, 8) & 3;
  const isWriteOnly = accessMode === 1 && link('/proc/self/fd/0') === '/dev/null';
  const toFile = [1, 2].some((number) => link(`/proc/self/fd/${number}`)?.endsWith('/nohup.out'));
  return isWriteOnly || toFile || environment['_']?.endsWith('/nohup') === true;
}

/** Whether the parent process ignores SIGHUP. SigIgn is a hexadecimal mask. Its lowest bit is signal 1, SIGHUP (proc(5)). */
function parentIgnoresHangup({ text, parent }: StartSigns): boolean {
  const [, mask = '0'] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(text(`/proc/${parent}/status`) ?? '') ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

/** Whether this is a background job of a script. A shell without job control runs background jobs in the shell's own process
 * group, with /dev/null as their input. */
function isOfScript({ link, text, parent }: StartSigns): boolean {
  const name = text(`/proc/${parent}/comm`)?.trim() ?? '';
  if (!shells.includes(name)) return false;
  const groups = ['self', parent].map((process) => groupIn(text(`/proc/${process}/stat`)));
  if (groups[0] === undefined || groups[0] !== groups[1]) return false;
  const inputs = ['self', parent].map((process) => link(`/proc/${process}/fd/0`));
  return inputs[0] === '/dev/null' && inputs[1] !== undefined && inputs[1] !== '/dev/null';
}

/** Returns the process group from the text of a `stat` file, in which it is field 5 (proc(5)). */
function groupIn(stat: string | undefined): string | undefined {
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
}

function signsOfThisProcess(): StartSigns {
  const orUndefined =
    (read: (path: string) => string) =>
    (path: string): string | undefined => {
      try {
        return read(path);
      } catch {
        return undefined;
      }
    };
  return {
    link: orUndefined((path) => readlinkSync(path)),
    text: orUndefined((path) => readFileSync(path, 'utf8')),
    environment: process.env,
    parent: process.ppid,
  };
}
