#!/usr/bin/env node
/** `cifar10`: reads the command line, runs the command, and leaves with the exit code that says how it went. */
import { messageOf, RunError, UsageError } from '../errors.ts';
import { console_ } from './console.ts';
import { type CommandLine, parseCommandLine } from './parse.ts';
import { interruption } from './signals.ts';
import { version } from './version.ts';

/** Runs a request. Commands are loaded when they are asked for, so that help and errors come at once. */
async function run(request: CommandLine): Promise<number> {
  const context = { console: console_, signal: interruption.signal };
  switch (request.command) {
    case 'help':
      console_.line(request.text);
      return 0;
    case 'version':
      console_.line(version);
      return 0;
    case 'train': {
      const { trainCommand } = await import('./commands/train.ts');
      return (await trainCommand({ ...request, ...context })) ? 0 : interruption.exitCode();
    }
    case 'eval': {
      const { evalCommand } = await import('./commands/eval.ts');
      await evalCommand({ ...request, ...context });
      return 0;
    }
    case 'bench': {
      const { benchCommand } = await import('./commands/bench.ts');
      await benchCommand({ ...request, ...context });
      return 0;
    }
  }
}

/** 2 for what could be refused from the command line alone, 1 for everything else that failed. */
function report(error: unknown, debug: boolean): number {
  const ours = error instanceof UsageError || error instanceof RunError;
  const hint =
    error instanceof UsageError
      ? '\nSee cifar10 --help.'
      : ours || debug
        ? ''
        : '\nThis is a fault of cifar10; --debug shows where.';
  console_.error(`cifar10: ${messageOf(error)}${hint}`);
  if (debug && error instanceof Error) console_.error(error.stack ?? '');
  return error instanceof UsageError ? 2 : 1;
}

// Whoever reads our output may stop reading (`cifar10 train | head`): nothing is left to say then.
process.stdout.on('error', () => process.exit(1));

const words = process.argv.slice(2);
try {
  process.exitCode = await run(parseCommandLine(words));
} catch (error) {
  process.exitCode = report(error, words.includes('--debug'));
}
